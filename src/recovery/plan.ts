/**
 * Makes a plan from facts, or refuses: pure, so that what is printed is what is decided.
 *
 * @module
 */

import { restoredSizeBytes } from '../backup/delta-chain.ts';
import type { LoggedTransaction } from '../history/transactions/logged-transaction.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { TransactionEnd } from '../postgres/recovery-target.ts';
import { timelineAt } from '../postgres/timeline-history.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import { formatSegmentName, segmentAt } from '../postgres/wal-segment.ts';
import type { PlanFacts } from './facts.ts';
import { mergeRequired } from './merge-required.ts';
import { checkFound, majorOf, neededBytes } from './plan-refusals.ts';
import { plannedBackup } from './planned-backup.ts';
import { plannedLosses, plannedTransaction } from './planned-work.ts';
import { planWarnings } from './plan-warnings.ts';
import type { Plan, PlannedTimeline, PlannedTransaction } from './plan-value.ts';

/** Cautious rates, for estimates only. */
const RESTORE_BYTES_PER_SECOND = 150_000_000;
const REPLAY_BYTES_PER_SECOND = 60_000_000;
const DOWN_SECONDS = 8;

/** One of the two transactions beside a target, with what it did where that was read. */
export function planned(end: TransactionEnd | undefined, read?: LoggedTransaction): PlannedTransaction | null {
  if (end === undefined) return null;
  if (read !== undefined) return plannedTransaction(read);
  return { xid: end.xid, kind: end.kind, timeUs: end.timeUs.toString(), lsn: formatLsn(end.lsn) };
}

function plannedTimeline({ timeline, fork }: PlanFacts['timelines'][number]): PlannedTimeline {
  if (fork === undefined) return { timeline, fork: null };
  return { timeline, fork: { timeline: fork.timeline, lsn: formatLsn(fork.switchLsn), reason: fork.reason } };
}

/** What is replayed, from the backup to the target. */
export function replayOf(
  facts: Pick<PlanFacts, 'found' | 'line'> & { readonly archive: Pick<PlanFacts['archive'], 'segmentSizeBytes'> },
): Plan['replay'] {
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

/** What a delta is restored from. */
function chainOfDeltas({ chain, found }: PlanFacts): string[] {
  const [full] = chain;
  if (full === undefined || chain.length === 1) return [];
  const deltas = chain.length - 1;
  return [
    `${found.backup.name} is a delta: restored from ${full} and ${deltas} ${deltas === 1 ? 'delta' : 'deltas'} on it`,
  ];
}

function provenOf(facts: PlanFacts, segments: number): string[] {
  const { found } = facts;
  return [
    segments <= 2
      ? `${segments} segments present and decoded`
      : `${segments} segments present, first and last decoded, the others by their indexes or decoded; all are decoded before anything is restored`,
    `on the line of history of timeline ${facts.line.timeline}`,
    `backup ${found.backup.name} complete, ended before the target`,
    ...chainOfDeltas(facts),
    `PostgreSQL ${facts.control.majorVersion} = ${majorOf(found.backup)}`,
    'queries possible at the target',
    ...facts.passedOver.map((name) => `not from ${name}: no queries possible at the target`),
    ...facts.passedOverDeltas.map(
      (name) => `not from ${name}: a delta backup, and those it builds on are not all there, on this line`,
    ),
    ...(facts.indexNote === undefined ? [] : [facts.indexNote]),
    ...facts.askedNotes,
    ...found.notes,
  ];
}

/**
 * The plan for these facts.
 *
 * @throws {Failure} `refused`, with the remedy, if the recovery would not be safe or not possible.
 */
export function makePlan(facts: PlanFacts): Plan {
  checkFound(facts);
  const { found, cluster, control, archive } = facts;
  const { backup } = found;
  const replay = replayOf(facts);
  const announced = found.requiredSettings;
  return {
    version: 1,
    id: facts.id,
    createdAt: formatTimeUs(facts.nowUs),
    cluster: { name: cluster.name, kind: cluster.kind, dataDirectory: cluster.dataDirectory },
    ...(cluster.patroni === undefined ? {} : { patroni: cluster.patroni }),
    majorVersion: control.majorVersion,
    target: {
      asked: facts.asked,
      timeline: found.timeline,
      lineTimeline: facts.line.timeline,
      lsn: formatLsn(found.targetLsn),
      inclusive: found.inclusive,
      lastKept: planned(found.lastKept, facts.losses?.lastKept),
      firstLost: planned(found.firstLost, facts.losses?.firstLost),
    },
    laterCommits: found.lost.count,
    ...(facts.losses === undefined ? {} : { losses: plannedLosses(facts.losses, found) }),
    backup: plannedBackup(backup),
    replay,
    timelines: facts.timelines.map(plannedTimeline),
    required: announced === undefined ? control.required : mergeRequired(control.required, announced),
    walLevel: control.walLevel === 'logical' ? 'logical' : 'replica',
    estimate: {
      restoreSeconds: Math.ceil(Number(restoredSizeBytes(backup)) / RESTORE_BYTES_PER_SECOND),
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
