import { describe, expect, it } from 'vitest';

import { parseCronSchedule } from '../base/cron-schedule.ts';
import { lsn } from '../postgres/lsn.ts';
import { newestOnLine } from '../backup/newest-on-line.ts';
import { backupDue, type BackupFacts, type BackupPlan } from './backup-due.ts';

const nightly: BackupPlan = { schedule: parseCronSchedule('0 3 * * *'), zone: 'UTC', afterWalBytes: undefined };
const never: BackupPlan = { schedule: undefined, zone: 'UTC', afterWalBytes: undefined };
const backup = (startedAt: string, startLsn = 0n) => ({ startedAt: new Date(startedAt), startLsn: lsn(startLsn) });

function facts(at: string, over: Partial<BackupFacts> = {}): BackupFacts {
  return { nowMs: Date.parse(at), newest: undefined, insertLsn: undefined, firstLost: undefined, ...over };
}

describe('a backup', () => {
  it('is due when there is none, if any are wanted', () => {
    expect(backupDue(nightly, facts('2026-06-05T12:00Z'))).toMatchObject({ kind: 'none' });
    expect(backupDue(never, facts('2026-06-05T12:00Z'))).toBeUndefined();
  });

  it('is due when its time has come since the last one began', () => {
    const newest = backup('2026-06-05T03:00:01Z');
    expect(backupDue(nightly, facts('2026-06-06T02:59Z', { newest }))).toBeUndefined();
    expect(backupDue(nightly, facts('2026-06-06T03:00Z', { newest }))).toMatchObject({ kind: 'schedule' });
  });

  it('is made up for when nobody was there at its time', () => {
    const newest = backup('2026-06-05T03:00:01Z');
    const due = backupDue(nightly, facts('2026-06-09T17:00Z', { newest }));
    expect(due).toEqual({ kind: 'schedule', scheduledMs: Date.parse('2026-06-09T03:00Z') });
  });

  it('is due after so much WAL', () => {
    const plan = { ...never, afterWalBytes: 1000 };
    const newest = backup('2026-06-05T03:00Z', 5000n);
    expect(backupDue(plan, facts('2026-06-05T04:00Z', { newest, insertLsn: 5999n }))).toBeUndefined();
    expect(backupDue(plan, facts('2026-06-05T04:00Z', { newest, insertLsn: 6000n }))).toEqual({
      kind: 'walVolume',
      walBytes: 1000n,
    });
  });

  it('is due when WAL behind the last one is lost, also where none are scheduled', () => {
    const newest = backup('2026-06-05T03:00Z');
    const lost = facts('2026-06-05T04:00Z', { newest, firstLost: '000000010000000000000007' });
    expect(backupDue(never, lost)).toEqual({ kind: 'lostWal', firstMissing: '000000010000000000000007' });
  });

  it('counts on the line of the server only', () => {
    const line = { timeline: 2, ancestors: [{ timeline: 1, switchLsn: lsn(1000n), reason: '' }] };
    const at = (timeline: number, startLsn: bigint, finishLsn: bigint) => ({
      ...whole,
      timeline,
      startLsn: lsn(startLsn),
      finishLsn: lsn(finishLsn),
    });
    const before = at(1, 500n, 1000n);
    expect(newestOnLine([before, at(1, 900n, 1001n), at(1, 2000n, 2100n)], line)).toBe(before);
    const behind = at(2, 1500n, 1600n);
    expect(newestOnLine([behind, before], line)).toBe(behind);
  });
});

const whole = {
  name: 'base_000000010000000000000001',
  startedAt: new Date(0),
  finishedAt: new Date(0),
  modifiedAt: new Date(0),
  pgVersionNum: 170_000,
  uncompressedSizeBytes: 0n,
  compressedSizeBytes: 0n,
  isPermanent: false,
  tablespaces: [],
  hostname: '',
  dataDirectory: '',
};
