/**
 * Looks at everything a plan needs: the cluster, its archive, the line of history, and the WAL up to the target and
 * behind it. Changes nothing.
 *
 * @module
 */

import { readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { listBackups } from '../backup/list.ts';
import type { Backup } from '../backup/backup.ts';
import { Failure, isFailure } from '../base/failure.ts';
import { listArchivedWal } from '../history/archived-wal.ts';
import { backupsOnLine, findMoment, type FindMomentRequest } from '../history/find-moment.ts';
import type { FoundMoment } from '../history/found-moment.ts';
import { readTimelines } from '../history/timelines.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { isThere } from '../instance/durable-rename.ts';
import type { ServerState } from '../instance/live-server.ts';
import type { ControlFile } from '../postgres/control-file.ts';
import { withInclusions } from '../instance/configuration-files.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { RecoveryTarget } from '../postgres/recovery-target.ts';
import type { PlanFacts } from './facts.ts';
import { readLiveFacts } from './live-facts.ts';
import type { RecoveryUses } from './uses.ts';

/** A server that does not run cannot tell which it reads. */
const USUAL_CONFIGURATION_FILES = ['pg_hba.conf', 'pg_ident.conf', 'postgresql.conf'];

/** What to plan. */
export interface PlanRequest {
  readonly id: string;
  readonly target: RecoveryTarget;
  /** The timeline whose line of history to follow; the live server's unless told. */
  readonly timeline?: number;
  /** Replay from this backup and no other. */
  readonly backupName?: string;
}

/** True if replay from the backup can answer queries, and so pause, at the target. */
function canPause(found: FoundMoment<Backup>): boolean {
  return found.hotStandbyFromLsn !== undefined && found.hotStandbyFromLsn <= found.targetLsn;
}

/** The newest backup from which replay can reach the target *and* pause there. */
async function findPausable(
  request: FindMomentRequest<Backup>,
): Promise<{ found: FoundMoment<Backup>; passedOver: string[] }> {
  const passedOver: string[] = [];
  for (;;) {
    const backups = request.backups.filter((backup) => !passedOver.includes(backup.name));
    const found = await findMoment({ ...request, backups }).catch((error: unknown) => {
      throw passedOver.length > 0 && isFailure(error, 'refused') ? cannotPause(passedOver, error) : error;
    });
    if (canPause(found)) return { found, passedOver };
    passedOver.push(found.backup.name);
  }
}

/** The backups that can be restored: a delta is only what changed since another backup. */
function usableBackups(backups: readonly Backup[], { id, backupName }: PlanRequest): Backup[] {
  const full = backups.filter(({ deltaFrom }) => deltaFrom === undefined);
  if (backupName === undefined) return full;
  const named = full.filter(({ name }) => name === backupName);
  if (named.length > 0) return named;
  throw new Failure('refused', {
    message: `cannot step recovery ${id} on: its backup ${backupName} is no longer in the archive`,
    remedy: 'Make a new plan:  walkback recover plan',
  });
}

/** Deltas that lie nearer to the target than the backup that was chosen, on the same timelines. */
function deltasPassedOver(backups: readonly Backup[], found: FoundMoment<Backup>, line: TimelineHistory): string[] {
  const { finishLsn } = found.backup;
  return backupsOnLine({ line, backups })
    .filter((one) => one.deltaFrom !== undefined && one.finishLsn > finishLsn && one.finishLsn <= found.targetLsn)
    .map(({ name }) => name);
}

function cannotPause(passedOver: readonly string[], cause: Failure): Failure {
  return new Failure('refused', {
    message:
      'cannot rehearse that target: from no backup before it can a server answer queries there, because a transaction with more than 64 subtransactions was open all the way',
    remedy: 'Choose a target behind the end of that transaction, or one that an earlier backup reaches.',
    facts: [`looked from ${passedOver.join(', ')}`],
    cause,
  });
}

async function clusterFacts(cluster: Cluster, state: ServerState): Promise<PlanFacts['cluster']> {
  return {
    name: cluster.name,
    kind: cluster.kind,
    dataDirectory: cluster.dataDirectory,
    recoveriesFolder: cluster.recoveriesFolder,
    problems: await cluster.placeProblems(),
    freeBytes: await cluster.freeBytes(),
    state,
    walFolder: await readlink(join(cluster.dataDirectory, 'pg_wal')).catch(() => undefined),
    isReplica: await isThere(join(cluster.dataDirectory, 'standby.signal')),
    commands: cluster.commandLines,
  };
}

function controlFacts(control: ControlFile): PlanFacts['control'] {
  const { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction } =
    control;
  return {
    systemIdentifier: control.systemIdentifier,
    majorVersion: control.majorVersion,
    timeline: control.timeline,
    walLevel: control.walLevel,
    required: { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction },
  };
}

/** Looks at everything. @throws {Failure} `refused` with the nearest reachable target, and what the store throws. */
export async function gatherFacts(uses: RecoveryUses, request: PlanRequest): Promise<PlanFacts> {
  const { cluster, store, signal } = uses;
  const options = signal === undefined ? {} : { signal };
  const control = await controlFileOf(cluster.dataDirectory);
  const state = await cluster.state();
  const [wal, backups, live] = await Promise.all([
    listArchivedWal(store, options),
    listBackups(store, signal),
    state === 'running' ? readLiveFacts(cluster) : undefined,
  ]);
  const timelines = await readTimelines(store, wal, options);
  const line = timelines.lineOf(request.timeline ?? control.timeline);
  const { target } = request;
  const onProgress = uses.onProgress;
  const { found, passedOver } = await findPausable({
    store,
    wal,
    line,
    timelines,
    backups: usableBackups(backups, request),
    target,
    onProgress,
    ...options,
  });
  return {
    id: request.id,
    nowUs: uses.nowUs(),
    target,
    cluster: await clusterFacts(cluster, state),
    control: controlFacts(control),
    live,
    configurationFiles: await withInclusions(
      cluster.dataDirectory,
      live?.configurationFiles ?? USUAL_CONFIGURATION_FILES,
    ),
    archive: {
      address: store.address,
      systemIdentifier: wal.systemIdentifier,
      segmentSizeBytes: wal.segmentSizeBytes,
      historyTimelines: wal.historyTimelines,
    },
    line,
    found,
    passedOver,
    passedOverDeltas: deltasPassedOver(backups, found, line),
  };
}
