/**
 * Facts that a plan can be made of, for tests to change.
 *
 * @module
 */

import type { Backup } from '../../src/backup/backup.ts';
import type { FoundMoment } from '../../src/history/found-moment.ts';
import { lsn } from '../../src/postgres/lsn.ts';
import { walSegmentSize } from '../../src/postgres/wal-segment.ts';
import type { LiveFacts, PlanFacts } from '../../src/recovery/facts.ts';

const MIB = 1024n * 1024n;
/** The time of commits beside the target. */
export const PLANNED_US = 1_780_671_731_620_113n;

/** A backup of 3000 MiB. */
export const plannedBackup: Backup = {
  name: 'base_000000010000000000000002',
  timeline: 1,
  startLsn: lsn(0x200_0028n),
  finishLsn: lsn(0x210_0000n),
  startedAt: new Date('2026-06-05T10:00:00Z'),
  finishedAt: new Date('2026-06-05T10:05:00Z'),
  modifiedAt: new Date('2026-06-05T10:05:00Z'),
  pgVersionNum: 170_010,
  systemIdentifier: 7n,
  uncompressedSizeBytes: 3000n * MIB,
  compressedSizeBytes: 1000n * MIB,
  isPermanent: false,
  tablespaces: [{ oid: 16_400, location: '/fast' }],
  hostname: 'db1',
  dataDirectory: '/srv/data',
};

const end = {
  kind: 'commit' as const,
  timeline: 1,
  timeUs: PLANNED_US,
  lsn: lsn(0x500_0000n),
  endLsn: lsn(0x500_0040n),
};
const lost = { ...end, xid: 701, lsn: lsn(0x510_0000n), endLsn: lsn(0x510_0040n) };

/** Just before transaction 701; three commits are lost. */
export const plannedMoment: FoundMoment<Backup> = {
  timeline: 1,
  targetLsn: lsn(0x510_0000n),
  inclusive: false,
  lastKept: { ...end, xid: 700 },
  firstLost: lost,
  backup: plannedBackup,
  stopsAt: { kind: 'commit', lsn: lsn(0x510_0000n), endLsn: lsn(0x510_0040n), xid: 701, timeUs: PLANNED_US },
  lost: { count: 3, first: lost, last: lost },
  tablespaceChanges: [],
  databaseDrops: [],
  customResourceManagers: [],
  requiredSettings: undefined,
  hotStandbyFromLsn: lsn(0x201_0000n),
  lastOverflowLsn: undefined,
  preparedAtTarget: [],
  unfinishedFileChanges: [],
  locksAtTarget: [],
  completeFromLsn: undefined,
  notes: ['a note'],
  archiveEnd: { lastRecordLsn: lsn(0x600_0000n), endLsn: lsn(0x600_0040n), because: 'endOfArchive' },
};

const live: LiveFacts = {
  archiveMode: 'on',
  archiverFailure: undefined,
  synchronousStandbyNames: '',
  replicas: [],
  unloggedTables: [],
  logicalSlots: [],
  subscriptions: [],
  preloadLibraries: '',
  configurationFiles: [],
};

/** What replay needs, by the control file. */
export const REQUIRED = {
  maxConnections: 100,
  maxWorkerProcesses: 8,
  maxWalSenders: 10,
  maxPreparedTransactions: 0,
  maxLocksPerTransaction: 64,
};

/** Nothing is in the way. */
export const planFacts: PlanFacts = {
  id: '7f3a',
  nowUs: PLANNED_US,
  target: { kind: 'xid', xid: 701, inclusive: false },
  cluster: {
    name: 'shop',
    kind: 'local',
    dataDirectory: '/srv/data',
    recoveriesFolder: '/srv/data.walkback',
    problems: [],
    freeBytes: 100_000n * MIB,
    state: 'running',
    isReplica: false,
    walFolder: undefined,
    isWalMounted: false,
    commands: { stop: 'pg_ctl stop', start: 'pg_ctl start' },
    patroni: undefined,
  },
  control: { systemIdentifier: 7n, majorVersion: 17, timeline: 1, walLevel: 'replica', required: REQUIRED },
  live,
  configurationFiles: ['pg_hba.conf', 'postgresql.conf'],
  archive: {
    address: 'file:///archive',
    systemIdentifier: 7n,
    segmentSizeBytes: walSegmentSize(16 * 1024 * 1024),
    historyTimelines: [],
  },
  line: { timeline: 1, ancestors: [] },
  timelines: [{ timeline: 1, fork: undefined }],
  found: plannedMoment,
  passedOver: [],
  passedOverDeltas: [],
  chain: [plannedMoment.backup.name],
  asked: 'just before transaction 701',
  askedNotes: [],
  losses: undefined,
};

/** Members to change; objects are merged. */
export type PlanChanges = { [K in keyof PlanFacts]?: PlanFacts[K] extends object | undefined ? object : PlanFacts[K] };

/** The facts with some of their members changed. */
export function withChanges(changes: PlanChanges): PlanFacts {
  const merged = Object.entries(changes).map(([name, value]) => {
    const before: unknown = Object.entries(planFacts).find(([known]) => known === name)?.[1];
    const isMerged = typeof value === 'object' && typeof before === 'object' && !Array.isArray(value);
    return [name, isMerged ? { ...before, ...value } : value];
  });
  return { ...planFacts, ...Object.fromEntries(merged) };
}
