import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import { NO_EFFECTS, type WalEvent } from '../postgres/wal-records/wal-event.ts';
import { CompletePlaces } from './complete-from.ts';

const place = (position: number) => ({
  lsn: lsn(BigInt(position)),
  endLsn: lsn(BigInt(position + 1)),
  timeline: 1,
});

const running = (position: number, oldestRunningXid: number, nextXid: number): WalEvent => ({
  ...place(position),
  kind: 'runningXacts',
  xid: 0,
  xids: [],
  subxids: [],
  hasOverflowed: false,
  nextXid,
  oldestRunningXid,
});

const commit = (position: number, xid: number): WalEvent => ({
  ...NO_EFFECTS,
  ...place(position),
  kind: 'commit',
  xid,
  timeUs: 0n,
  subxids: [],
  gid: undefined,
});

function lastOf(...events: WalEvent[]): unknown {
  const places = new CompletePlaces();
  for (const event of events) places.take(event);
  return places.last;
}

describe('the place from which everything later is whole', () => {
  it('is the last record of what runs before anything that still does began', () => {
    expect(lastOf(running(1, 10, 10), commit(2, 10), running(3, 11, 11))).toEqual({ lsn: 1n, nextXid: 10 });
    expect(lastOf(running(1, 10, 10), commit(2, 10), running(3, 11, 11), commit(4, 11))).toEqual({
      lsn: 3n,
      nextXid: 11,
    });
  });

  it('is before a transaction that runs long, whatever comes after it began', () => {
    const long = [running(1, 10, 10), running(3, 11, 20), commit(4, 15), running(5, 11, 30), running(6, 11, 40)];
    expect(lastOf(...long, commit(7, 35))).toEqual({ lsn: 1n, nextXid: 10 });
    expect(lastOf(...long, commit(7, 11), running(8, 41, 41), commit(9, 41))).toEqual({ lsn: 8n, nextXid: 41 });
  });

  it('is not known where none is before all', () => {
    expect(lastOf()).toBeUndefined();
    expect(lastOf(running(1, 10, 20), commit(2, 15))).toBeUndefined();
  });

  it('is right where numbers go round', () => {
    const all = [running(1, 0xffff_fff0, 0xffff_fff0), commit(2, 0xffff_fff5), running(3, 5, 5), commit(4, 7)];
    expect(lastOf(...all)).toEqual({ lsn: 3n, nextXid: 5 });
    expect(lastOf(...all.slice(0, 3))).toEqual({ lsn: 1n, nextXid: 0xffff_fff0 });
  });
});
