/**
 * Plans a clone: looks at the archive it is made of and at the one the new cluster will write, proves that the target can be
 * reached, or refuses. Changes nothing.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { controlOfBackup } from '../backup/control-of-backup.ts';
import { chainOf, restoredSizeBytes } from '../backup/delta-chain.ts';
import { restorableBackups } from '../backup/delta-line.ts';
import { listBackups } from '../backup/list.ts';
import { listArchivedWal, type ArchivedWal } from '../history/archived-wal.ts';
import { decodeEnds } from '../history/decode-ends.ts';
import type { FoundMoment } from '../history/found-moment.ts';
import { describeTarget } from '../history/target-words.ts';
import { readTimelines } from '../history/timelines.ts';
import { readWindows } from '../history/window.ts';
import { formatLsn } from '../postgres/lsn.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { formatTimeUs } from '../postgres/timestamp.ts';
import { findPausable } from '../recovery/find-pausable.ts';
import { mergeRequired } from '../recovery/merge-required.ts';
import { planned, replayOf } from '../recovery/plan.ts';
import { majorOf, neededBytes } from '../recovery/plan-refusals.ts';
import { plannedBackup } from '../recovery/planned-backup.ts';
import { withPassedOver } from './choose-archive.ts';
import { chooseLine, type ChosenLine } from './choose-line.ts';
import type { ClonePlan, CloneRequestFacts } from './clone-plan-value.ts';
import { checkClone, checkNewArchive, type CloneFound } from './clone-refusals.ts';
import { freeBytesOf } from './place.ts';
import type { CloneRequest, CloneUses } from './uses.ts';

/** PostgreSQL's defaults, where a backup's control file cannot be read alone (WAL-E's). */
const USUAL_SETTINGS = {
  maxConnections: 100,
  maxWorkerProcesses: 8,
  maxWalSenders: 10,
  maxPreparedTransactions: 0,
  maxLocksPerTransaction: 64,
};

async function lineFor(
  { store, signal }: CloneUses,
  request: CloneRequest,
  wal: ArchivedWal,
  backups: readonly Backup[],
): Promise<{ chosen: ChosenLine; line: TimelineHistory; timelines: Awaited<ReturnType<typeof readTimelines>> }> {
  const options = signal === undefined ? {} : { signal };
  const timelines = await readTimelines(store, wal, options);
  if (request.timeline !== undefined) {
    const chosen = { timeline: request.timeline, why: 'as it was asked for' };
    return { chosen, line: timelines.lineOf(request.timeline), timelines };
  }
  const isTime = request.target.kind === 'time' && timelines.all.length > 1;
  const windows = isTime ? await readWindows({ store, wal, timelines, backups, ...options }) : [];
  const chosen = chooseLine(request.target, timelines, windows);
  return { chosen, line: timelines.lineOf(chosen.timeline), timelines };
}

function upgradeOf(request: CloneRequest, backup: Backup): ClonePlan['upgrade'] {
  const from = majorOf(backup);
  return request.major === undefined || request.major === from
    ? null
    : { from, to: request.major, mode: request.upgradeMode };
}

async function findClone(uses: CloneUses, request: CloneRequest, wal: ArchivedWal): Promise<CloneFound> {
  const { store, onProgress, signal } = uses;
  const options = signal === undefined ? {} : { signal };
  const listed = await listBackups(store, signal);
  const { chosen, line, timelines } = await lineFor(uses, request, wal, listed);
  const lineOf = (timeline: number) => (timelines.isKnown(timeline) ? timelines.lineOf(timeline) : undefined);
  const backups = restorableBackups(listed, lineOf);
  const place = { store, wal, line, onProgress, ...options };
  const { found, passedOver } = await findPausable({ ...place, timelines, backups, target: request.target });
  await decodeEnds({ store, wal, line, fromLsn: found.backup.startLsn, ...options }, found.targetLsn);
  return { chosen, line, found, passedOver, chain: chainOf(found.backup, listed).map(({ name }) => name) };
}

function provenOf({ found, chosen, chain, passedOver }: CloneFound, segments: number): string[] {
  const { backup } = found;
  return [
    `${segments} ${segments === 1 ? 'segment' : 'segments'} from the backup to the target present; all are decoded before anything is restored`,
    `on the line of history of timeline ${chosen.timeline}: ${chosen.why}`,
    `backup ${backup.name} complete, ended ${backup.finishedAt.toISOString()}, before the target`,
    ...(chain.length > 1 ? [`a delta: restored from ${chain.join(', then ')}`] : []),
    ...passedOver.map((name) => `not from ${name}: a server cannot pause at the target from there`),
    ...found.notes,
  ];
}

function warningsOf(found: FoundMoment<Backup>, upgrade: ClonePlan['upgrade']): string[] {
  return [
    'As in the backup: passwords and grants of roles are those of then; unlogged tables are empty; logical slots are gone.',
    ...found.preparedAtTarget.map(
      ({ xid, gid }) =>
        `Transaction ${xid} is prepared at the target${gid === undefined ? '' : ` as ${gid}`}; it keeps its locks.`,
    ),
    ...(upgrade === null
      ? []
      : [
          `The data are recovered by PostgreSQL ${upgrade.from}, checked, and then upgraded to ${upgrade.to} by pg_upgrade --${upgrade.mode}: a new system, on timeline 1.`,
        ]),
  ];
}

/** What identifies a request, so that after a restart the same one is gone on with. */
export function requestFacts(uses: CloneUses, request: CloneRequest, target: string): CloneRequestFacts {
  return {
    scope: request.scope,
    target,
    timeline: request.timeline ?? 0,
    archiveAddress: uses.store.address,
    writesTo: uses.writesTo?.address ?? '',
    major: request.major ?? 0,
  };
}

/** Which attempt is planned. */
export interface NewClone {
  readonly id: string;
  readonly facts: CloneRequestFacts;
  /** What an earlier attempt still takes, which is removed before this one begins. */
  readonly freedBytes?: bigint;
}

/**
 * The plan.
 *
 * @throws {Failure} `refused` with the nearest target that can be reached, or why the clone would not be safe; and what the
 *   stores throw.
 */
export async function planClone(
  uses: CloneUses,
  request: CloneRequest,
  { id, facts, freedBytes = 0n }: NewClone,
): Promise<ClonePlan> {
  const wal = await listArchivedWal(uses.store, uses.signal === undefined ? {} : { signal: uses.signal });
  const clone = await withPassedOver(uses, () => findClone(uses, request, wal));
  const { found, line } = clone;
  const { backup } = found;
  const upgrade = upgradeOf(request, backup);
  const freeBytes = (await freeBytesOf(uses.place)) + freedBytes;
  const needed = neededBytes({ found }) + (upgrade === null ? 0n : restoredSizeBytes(backup));
  checkClone({ ...clone, upgrade, wal, freeBytes, neededBytes: needed, place: uses.place });
  await checkNewArchive(uses, wal, upgrade);
  await uses.binariesOf(majorOf(backup));
  if (upgrade !== null) await uses.binariesOf(upgrade.to);
  const control = await controlOfBackup(uses.store, backup.name);
  const required = control ?? USUAL_SETTINGS;
  const announced = found.requiredSettings;
  const replay = replayOf({ found, line, archive: wal });
  return {
    version: 1,
    id,
    createdAt: formatTimeUs(uses.nowUs()),
    request: facts,
    dataDirectory: uses.place.dataDirectory,
    systemIdentifier: wal.systemIdentifier.toString(),
    lineWhy: clone.chosen.why,
    majorVersion: majorOf(backup),
    target: {
      asked: describeTarget(request.target),
      timeline: found.timeline,
      lsn: formatLsn(found.targetLsn),
      inclusive: found.inclusive,
      lastKept: planned(found.lastKept),
      firstLost: planned(found.firstLost),
    },
    laterCommits: found.lost.count,
    backup: plannedBackup(backup),
    replay,
    required: mergeRequired(pickRequired(required), announced ?? pickRequired(required)),
    walLevel: control?.walLevel === 'logical' ? 'logical' : 'replica',
    space: { neededBytes: needed.toString(), freeBytes: freeBytes.toString(), folder: uses.place.folder },
    archivedTimelines: wal.historyTimelines,
    writesTo:
      uses.writesTo === undefined
        ? null
        : { address: uses.writesTo.address, isTheSame: uses.writesTo.address === uses.store.address },
    upgrade,
    proven: provenOf(clone, replay.segments),
    warnings: warningsOf(found, upgrade),
  };
}

function pickRequired(from: typeof USUAL_SETTINGS): typeof USUAL_SETTINGS {
  const { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction } = from;
  return { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction };
}
