/**
 * Makes a plan from facts, or refuses: pure, so that what is printed is what is decided.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Backup } from '../backup/backup.ts';
import { describeTarget } from '../history/target-words.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { TransactionEnd } from '../postgres/recovery-target.ts';
import { timelineAt } from '../postgres/timeline-history.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import { formatSegmentName, segmentAt } from '../postgres/wal-segment.ts';
import type { PlanFacts } from './facts.ts';
import { mergeRequired } from './merge-required.ts';
import { planWarnings } from './plan-warnings.ts';
import type { Plan, PlannedTransaction } from './plan-value.ts';

/** Cautious rates, for estimates only. */
const RESTORE_BYTES_PER_SECOND = 150_000_000;
const REPLAY_BYTES_PER_SECOND = 60_000_000;
const DOWN_SECONDS = 8;
/** Replay keeps some restored WAL in pg_wal; a server needs some room of its own. */
const MOST_WAL_KEPT_BYTES = 1024n ** 3n;
const ROOM_BYTES = 256n * 1024n ** 2n;

function refuse({ target }: PlanFacts, found: string, remedy: string, facts: readonly string[] = []): Failure {
  return new Failure('refused', { message: `cannot recover to ${describeTarget(target)}: ${found}`, remedy, facts });
}

function majorOf(backup: Backup): number {
  return Math.floor(backup.pgVersionNum / 10_000);
}

/** @throws {Failure} `refused` if this cluster and this archive are not of one kind and one origin. */
function checkIdentity(facts: PlanFacts): void {
  const { control, archive, found } = facts;
  if (control.systemIdentifier !== archive.systemIdentifier) {
    throw refuse(
      facts,
      `${archive.address} is the archive of system ${archive.systemIdentifier}, and this is system ${control.systemIdentifier}`,
      'Name the archive of this cluster, or the cluster of this archive.',
    );
  }
  if (majorOf(found.backup) !== control.majorVersion) {
    throw refuse(
      facts,
      `backup ${found.backup.name} is of PostgreSQL ${majorOf(found.backup)}, and the server is PostgreSQL ${control.majorVersion}`,
      `Choose a target after the upgrade, or restore that backup beside a server of PostgreSQL ${majorOf(found.backup)}.`,
    );
  }
}

/** Replaying these acts on the *live* cluster's tablespace directories. */
function checkTablespaces(facts: PlanFacts): void {
  const [first] = facts.found.tablespaceChanges;
  if (first === undefined) return;
  const what =
    first.kind === 'tablespaceCreate' ? `CREATE TABLESPACE at ${JSON.stringify(first.path)}` : 'DROP TABLESPACE';
  throw refuse(
    facts,
    `on the way there a ${what} would be replayed, and on this host that acts on the live cluster's files`,
    `Recover to before it:  walkback recover plan --to-lsn ${formatLsn(first.lsn)} --exclusive\nor take a backup now and choose later targets, or rehearse on another host.`,
    [`transaction ${first.xid}, at ${formatLsn(first.lsn)}`],
  );
}

/** A rehearsal preloads no library of the live server: it could do anything. So it cannot replay what only one can. */
function checkResourceManagers(facts: PlanFacts): void {
  const numbers = facts.found.customResourceManagers;
  if (numbers.length === 0) return;
  const preloaded = facts.live?.preloadLibraries ?? '';
  throw refuse(
    facts,
    `on the way there is WAL of an extension's own kind (resource manager ${numbers.join(', ')}), which a rehearsal cannot replay without its library`,
    'Choose a target before the extension was used, or restore this backup on another host, with the same shared_preload_libraries, by hand.',
    preloaded === '' ? [] : [`shared_preload_libraries of the live server: ${preloaded}`],
  );
}

function neededBytes({ found }: PlanFacts): bigint {
  const wal = BigInt(found.targetLsn - found.backup.startLsn);
  const kept = wal < MOST_WAL_KEPT_BYTES ? wal : MOST_WAL_KEPT_BYTES;
  return found.backup.uncompressedSizeBytes + kept + ROOM_BYTES;
}

function checkPlace(facts: PlanFacts): void {
  const [problem] = facts.cluster.problems;
  if (problem !== undefined) throw refuse(facts, problem.message, problem.remedy);
  const needed = neededBytes(facts);
  const { freeBytes, recoveriesFolder } = facts.cluster;
  if (freeBytes >= needed) return;
  throw refuse(
    facts,
    `the restored data needs about ${needed} bytes beside the running cluster, and ${freeBytes} are free`,
    `Make room on the file system of ${recoveriesFolder}; "walkback release ID" removes what earlier recoveries have kept.`,
  );
}

function planned(end: TransactionEnd | undefined): PlannedTransaction | null {
  if (end === undefined) return null;
  return { xid: end.xid, kind: end.kind, timeUs: end.timeUs.toString(), lsn: formatLsn(end.lsn) };
}

function replayOf(facts: PlanFacts): Plan['replay'] {
  const { found, line, archive } = facts;
  const { startLsn } = found.backup;
  const size = archive.segmentSizeBytes;
  const first = segmentAt(timelineAt(line, startLsn), startLsn, size);
  const last = segmentAt(found.timeline, found.targetLsn, size);
  const parts = line.ancestors
    .filter(({ timeline }) => timeline < found.timeline)
    .map(({ timeline, switchLsn }) => ({ timeline, endLsn: formatLsn(switchLsn) }));
  return {
    fromLsn: formatLsn(startLsn),
    segments: Number(last.index - first.index) + 1,
    bytes: (found.targetLsn - startLsn).toString(),
    firstSegment: formatSegmentName(first, size),
    lastSegment: formatSegmentName(last, size),
    line: [...parts, { timeline: found.timeline, endLsn: formatLsn(found.targetLsn) }],
    isBreakBehind: found.archiveEnd.because !== 'endOfArchive',
  };
}

function provenOf(facts: PlanFacts, segments: number): string[] {
  const { found } = facts;
  return [
    `${segments} segments present and decoded`,
    `on the line of history of timeline ${facts.line.timeline}`,
    `backup ${found.backup.name} complete, ended before the target`,
    `PostgreSQL ${facts.control.majorVersion} = ${majorOf(found.backup)}`,
    'queries possible at the target',
    ...facts.passedOver.map((name) => `not from ${name}: no queries possible at the target`),
    ...facts.passedOverDeltas.map((name) => `not from ${name}: it is a delta backup, and only full ones are restored`),
    ...found.notes,
  ];
}

/**
 * The plan for these facts.
 *
 * @throws {Failure} `refused`, with the remedy, if the recovery would not be safe or not possible.
 */
export function makePlan(facts: PlanFacts): Plan {
  checkIdentity(facts);
  checkPlace(facts);
  checkTablespaces(facts);
  checkResourceManagers(facts);
  const { found, cluster, control, archive } = facts;
  const { backup } = found;
  const replay = replayOf(facts);
  const announced = found.requiredSettings;
  return {
    version: 1,
    id: facts.id,
    createdAt: formatTimeUs(facts.nowUs),
    cluster: { name: cluster.name, kind: cluster.kind, dataDirectory: cluster.dataDirectory },
    majorVersion: control.majorVersion,
    target: {
      asked: describeTarget(facts.target),
      timeline: found.timeline,
      lsn: formatLsn(found.targetLsn),
      inclusive: found.inclusive,
      lastKept: planned(found.lastKept),
      firstLost: planned(found.firstLost),
    },
    laterCommits: found.lost.count,
    backup: {
      name: backup.name,
      timeline: backup.timeline,
      finishedAt: backup.finishedAt.toISOString(),
      compressedBytes: backup.compressedSizeBytes.toString(),
      uncompressedBytes: backup.uncompressedSizeBytes.toString(),
      tablespaces: backup.tablespaces.map(({ oid, location }) => ({ oid, location })),
    },
    replay,
    required: announced === undefined ? control.required : mergeRequired(control.required, announced),
    walLevel: control.walLevel === 'logical' ? 'logical' : 'replica',
    estimate: {
      restoreSeconds: Math.ceil(Number(backup.uncompressedSizeBytes) / RESTORE_BYTES_PER_SECOND),
      replaySeconds: Math.ceil(Number(replay.bytes) / REPLAY_BYTES_PER_SECOND),
      downSeconds: DOWN_SECONDS,
    },
    space: {
      neededBytes: neededBytes(facts).toString(),
      freeBytes: cluster.freeBytes.toString(),
      folder: cluster.recoveriesFolder,
    },
    commands: cluster.commands,
    configurationFiles: facts.configurationFiles,
    warnings: planWarnings(facts),
    proven: provenOf(facts, replay.segments),
    preconditions: {
      systemIdentifier: control.systemIdentifier.toString(),
      liveTimeline: control.timeline,
      liveState: cluster.state,
      archiveAddress: archive.address,
      archivedTimelines: archive.historyTimelines,
      backupName: backup.name,
    },
  };
}
