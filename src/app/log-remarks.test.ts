import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import type { ParametersChanged } from '../postgres/wal-records/wal-event.ts';
import type { IndexEvent } from '../wal-index/segment-index.ts';
import { ended } from '../history/transactions/testing/hand-made-index.ts';
import { LogRemarks, type RemarkSpan } from './log-remarks.ts';

const MINUTE_US = 60_000_000n;
const OPEN: RemarkSpan = { sinceUs: undefined, untilUs: undefined };

function remarksOn(events: readonly IndexEvent[], span: RemarkSpan = OPEN) {
  const remarks = new LogRemarks(span);
  for (const event of events) remarks.take(event);
  return remarks.all;
}

const place = (at: bigint) => ({ lsn: lsn(at), endLsn: lsn(at + 8n), timeline: 1, xid: 0 });
const commit = (xid: number, at: bigint, minute: bigint) => ended('commit', xid, at, { timeUs: minute * MINUTE_US });
const extension = (at: bigint, customResourceManager?: number): IndexEvent => ({
  kind: 'position',
  ...place(at),
  ...(customResourceManager === undefined ? {} : { customResourceManager }),
});

function level(at: bigint, walLevel: ParametersChanged['walLevel']): IndexEvent {
  const settings = {
    maxConnections: 1,
    maxWorkerProcesses: 1,
    maxWalSenders: 1,
    maxPreparedTransactions: 1,
    maxLocksPerTransaction: 1,
  };
  return { kind: 'parameterChange', ...place(at), walLevel, settings };
}

describe('what a log holds beside transactions', () => {
  it('is nothing where the clock runs on, and commits of a loaded server are out of order by less than a minute', () => {
    expect(remarksOn([commit(10, 100n, 5n), commit(11, 200n, 4n), extension(300n), level(400n, 'replica')])).toEqual(
      [],
    );
  });

  it('names each resource manager of an extension once, where it was first met, and in how many segments', () => {
    const events = [extension(50n, 129), commit(10, 100n, 5n), extension(150n, 130), extension(250n, 129)];
    expect(remarksOn(events)).toEqual([
      { kind: 'extensionRecords', lsn: 50n, behind: undefined, resourceManager: 129, segmentCount: 2 },
      {
        kind: 'extensionRecords',
        lsn: 150n,
        behind: { xid: 10, timeUs: 5n * MINUTE_US },
        resourceManager: 130,
        segmentCount: 1,
      },
    ]);
  });

  it('tells from where to where the server ran with wal_level=minimal, each time', () => {
    const events = [level(10n, 'minimal'), level(20n, 'minimal'), level(30n, 'logical'), level(40n, 'minimal')];
    expect(remarksOn(events)).toMatchObject([
      { kind: 'walLevelMinimal', lsn: 10n, untilLsn: 30n },
      { kind: 'walLevelMinimal', lsn: 40n, untilLsn: undefined },
    ]);
  });

  it('tells of a clock that went back, unless the span is elsewhere', () => {
    const events = [commit(10, 100n, 70n), commit(11, 200n, 10n), commit(12, 300n, 11n)];
    expect(remarksOn(events)).toEqual([
      { kind: 'clockSetBack', lsn: 200n, behind: { xid: 10, timeUs: 70n * MINUTE_US }, toUs: 10n * MINUTE_US },
    ]);
    expect(remarksOn(events, { ...OPEN, sinceUs: 71n * MINUTE_US })).toEqual([]);
    expect(remarksOn(events, { ...OPEN, untilUs: 9n * MINUTE_US })).toEqual([]);
  });

  it('is bounded', () => {
    const events = Array.from({ length: 1000 }, (_, n) => commit(n + 3, BigInt(n + 1) * 100n, BigInt(2000 - 2 * n)));
    expect(remarksOn(events).length).toBeLessThan(100);
  });
});
