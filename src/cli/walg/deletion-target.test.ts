import { describe, expect, it } from 'vitest';

import type { Backup } from '../../backup/backup.ts';
import { lsn } from '../../postgres/lsn.ts';
import { keptFromMs, targetBefore, targetGarbage, targetRetain } from './deletion-target.ts';

const DAY_MS = 86_400_000;
const T0 = Date.parse('2026-11-01T00:00:00Z');
const NOW = T0 + 30 * DAY_MS;

function backup(name: string, day: number, given: Partial<Backup> = {}): Backup {
  const at = new Date(T0 + day * DAY_MS);
  return {
    name,
    timeline: 1,
    startLsn: lsn(BigInt(day) * 100n),
    finishLsn: lsn(BigInt(day) * 100n + 50n),
    startedAt: at,
    finishedAt: at,
    modifiedAt: at,
    pgVersionNum: 150_000,
    uncompressedSizeBytes: 0n,
    compressedSizeBytes: 0n,
    isPermanent: false,
    tablespaces: [],
    hostname: '',
    dataDirectory: '',
    ...given,
  };
}

// The newest backups have the smallest names, as on a timeline that began anew.
const BACKUPS = [
  backup('base_9', 1),
  backup('base_8', 2),
  backup('base_8_D', 3, { deltaFrom: 'base_8' }),
  backup('base_1', 4),
  backup('base_2', 5),
];

describe('the backup that delete before keeps everything from', () => {
  it('is the newest whose name begins so', () => {
    expect(targetBefore(BACKUPS, undefined, 'base_1', NOW)?.name).toBe('base_1');
    expect(targetBefore(BACKUPS, undefined, 'base_', NOW)?.name).toBe('base_2');
  });

  it('is the first that began at a time or after it', () => {
    expect(targetBefore(BACKUPS, undefined, '2026-11-04T12:00:00Z', NOW)?.name).toBe('base_1');
    expect(targetBefore(BACKUPS, undefined, '2026-11-20T00:00:00Z', NOW)).toBeUndefined();
  });

  it('is no delta, unless FIND_FULL leads to what it builds on', () => {
    expect(() => targetBefore(BACKUPS, undefined, 'base_8_D', NOW)).toThrow(/FIND_FULL/);
    expect(targetBefore(BACKUPS, 'FIND_FULL', 'base_8_D', NOW)?.name).toBe('base_8');
  });

  it('is refused for a time without a zone, one to come, and a name that no backup has', () => {
    expect(() => targetBefore(BACKUPS, undefined, '2026-11-04T12:00:00', NOW)).toThrow(/zone/);
    expect(() => targetBefore(BACKUPS, undefined, '2027-11-04T12:00:00Z', NOW)).toThrow(/future/);
    expect(() => targetBefore(BACKUPS, undefined, 'nosuch', NOW)).toThrow(/no backup/);
  });
});

describe('the backup that delete retain keeps everything from', () => {
  it('is found by when backups began, not by their names', () => {
    expect(targetRetain(BACKUPS, undefined, '2', undefined, NOW)?.name).toBe('base_1');
  });

  it('is the last full one of a number of full ones, or of all', () => {
    expect(targetRetain(BACKUPS, 'FULL', '3', undefined, NOW)?.name).toBe('base_8');
    expect(targetRetain(BACKUPS, 'FIND_FULL', '3', undefined, NOW)?.name).toBe('base_8');
    expect(() => targetRetain(BACKUPS, undefined, '3', undefined, NOW)).toThrow(/FIND_FULL/);
  });

  it('is none if there are fewer', () => {
    expect(targetRetain(BACKUPS, 'FULL', '5', undefined, NOW)).toBeUndefined();
  });

  it('with a time is the older of the two', () => {
    expect(targetRetain(BACKUPS, 'FULL', '1', '2026-11-02T12:00:00Z', NOW)?.name).toBe('base_8');
    expect(targetRetain(BACKUPS, 'FULL', '3', '2026-11-05T00:00:00Z', NOW)?.name).toBe('base_8');
  });

  it.each(['0', '-1', 'x', '', '1.5'])('is refused for %j backups', (count) => {
    expect(() => targetRetain(BACKUPS, undefined, count, undefined, NOW)).toThrow(/cannot retain/);
  });
});

describe('the backup that delete garbage looks from', () => {
  it('is the oldest that is not permanent', () => {
    expect(targetGarbage([backup('old', 0, { isPermanent: true }), ...BACKUPS])?.name).toBe('base_9');
    expect(targetGarbage([backup('old', 0, { isPermanent: true })])).toBeUndefined();
  });
});

describe('the time from which everything stays', () => {
  it('is not behind the end of a backup that began after the target and ended before it', () => {
    const target = backup('base_1', 4, { finishedAt: new Date(T0 + 6 * DAY_MS) });
    const within = backup('base_2', 5);
    expect(keptFromMs(target, [target, within])).toBe(within.finishedAt.getTime());
    expect(keptFromMs(target, [backup('base_9', 1), target])).toBe(target.finishedAt.getTime());
  });
});
