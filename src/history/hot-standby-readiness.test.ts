import { describe, expect, it } from 'vitest';

import { lsn } from '../postgres/lsn.ts';
import type { RunningTransactions } from '../postgres/wal-records/wal-event.ts';
import { HotStandbyReadiness } from './hot-standby-readiness.ts';

function snapshot(at: bigint, hasOverflowed: boolean, oldestRunningXid: number, nextXid: number): RunningTransactions {
  const place = { lsn: lsn(at), endLsn: lsn(at + 8n), timeline: 1, xid: 0 };
  return { ...place, kind: 'runningXacts', xids: [], subxids: [], hasOverflowed, oldestRunningXid, nextXid };
}

function readyAfter(...snapshots: RunningTransactions[]): bigint | undefined {
  const readiness = new HotStandbyReadiness();
  for (const one of snapshots) readiness.take(one);
  return readiness.readyFromLsn;
}

describe('a hot standby', () => {
  it('can begin at the first snapshot that is whole', () => {
    expect(readyAfter(snapshot(8n, false, 700, 710), snapshot(16n, true, 700, 720))).toBe(8n);
    expect(readyAfter(snapshot(8n, true, 700, 710), snapshot(16n, false, 700, 720))).toBe(16n);
  });

  it('can begin when all that ran at an incomplete snapshot have ended', () => {
    expect(readyAfter(snapshot(8n, true, 700, 710), snapshot(16n, true, 709, 720))).toBeUndefined();
    expect(readyAfter(snapshot(8n, true, 700, 710), snapshot(16n, true, 710, 720))).toBe(16n);
    expect(readyAfter(snapshot(8n, true, 0xfffffff0, 5), snapshot(16n, true, 0xfffffff5, 7))).toBeUndefined();
    expect(readyAfter(snapshot(8n, true, 0xfffffff0, 5), snapshot(16n, true, 6, 9))).toBe(16n);
  });
});
