/**
 * A cluster that is well protected, at one moment, and what can be wrong with it: for the tests of `walkback status`.
 *
 * @module
 */

import type { Archiver, Protection } from '../../src/app/read-protection.ts';
import type { ArchiveWindows } from '../../src/app/read-archive-windows.ts';
import type { Backup } from '../../src/backup/backup.ts';
import { Failure } from '../../src/base/failure.ts';
import type { Hole } from '../../src/history/window.ts';
import { lsn } from '../../src/postgres/lsn.ts';
import type { Screen } from '../../src/cli/output/screen.ts';

const SECOND_US = 1_000_000n;
export const NOW_US = BigInt(Date.parse('2026-06-05T16:41:45Z')) * 1000n;
export const screen: Screen = {
  columns: 80,
  isTerminal: false,
  hasUnicode: true,
  zone: 'America/Vancouver',
  nowUs: () => NOW_US,
  paint: (text) => text,
};

const backup: Backup = {
  name: 'base_000000010000000000000004',
  timeline: 1,
  startLsn: lsn(0x4000028n),
  finishLsn: lsn(0x4000100n),
  startedAt: new Date('2026-06-05T08:03:00Z'),
  finishedAt: new Date('2026-06-05T08:04:00Z'),
  modifiedAt: new Date('2026-06-05T08:04:00Z'),
  pgVersionNum: 170_002,
  uncompressedSizeBytes: 12_000_000_000n,
  compressedSizeBytes: 4_402_341_478n,
  isPermanent: false,
  tablespaces: [],
  hostname: 'db',
  dataDirectory: '/data',
};

const lastCommit = {
  kind: 'commit',
  xid: 7,
  timeUs: NOW_US - 38n * SECOND_US,
  lsn: lsn(0x7000000n),
  endLsn: lsn(0x7000040n),
  timeline: 1,
} as const;

const window = {
  backup,
  fromLsn: backup.finishLsn,
  firstCommit: lastCommit,
  toLsn: lsn(0x8000000n),
  lastCommit,
  because: 'endOfArchive',
} as const;

export const timeline = { timeline: 1, fork: undefined, backups: [backup], windows: [window], holes: [] };

export const archive: ArchiveWindows = {
  clusterName: 'shop-prod',
  address: 's3://shop-prod/wal',
  systemIdentifier: 1n,
  backups: [backup],
  broken: [],
  timelines: [timeline],
  unknownTimelines: [],
  waitingSegments: 0,
};

export const archiver: Archiver = {
  archiveMode: 'on',
  isInRecovery: false,
  lastArchivedFile: '000000010000000000000007',
  lastArchivedUs: NOW_US - 12n * SECOND_US,
  lastFailedFile: undefined,
  lastFailedUs: undefined,
};

export const well: Protection = {
  clusterName: 'shop-prod',
  address: 's3://shop-prod/wal',
  archive,
  archiver,
  waiting: { count: 0, segmentCount: 0, oldestUs: undefined },
  agentSeenUs: NOW_US - SECOND_US,
  disk: { freeBytes: 64n << 30n, totalBytes: 100n << 30n },
  live: { systemIdentifier: 1n, state: 'running', problems: [] },
  recoveries: [],
  backupDueMs: 26 * 3_600_000,
  frozen: undefined,
};

const hole = (toLsn: bigint): Hole => ({
  firstMissing: '000000010000000000000005',
  lastMissing: '000000010000000000000006',
  segmentCount: 2,
  fromLsn: lsn(toLsn - 100n),
  toLsn: lsn(toLsn),
  before: undefined,
  behind: undefined,
});

export const withHole = (toLsn: bigint) => ({
  archive: { ...archive, timelines: [{ ...timeline, holes: [hole(toLsn)] }] },
});

/** That many seconds before the moment. */
export const agoUs = (seconds: number): bigint => NOW_US - BigInt(seconds) * SECOND_US;

export const away = new Failure('unavailable', { message: 'cannot connect', remedy: 'Look whether it runs.' });

export const running = { systemIdentifier: 1n, state: 'running', problems: [] } as const;
