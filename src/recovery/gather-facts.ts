/**
 * Looks at everything a plan needs: the cluster, its archive, the line of history, and the WAL up to the target and
 * behind it. Changes nothing but that the server begins another segment of WAL.
 *
 * @module
 */

import { lstat, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { chainOf, withWholeChain } from '../backup/delta-chain.ts';
import { restorableBackups } from '../backup/delta-line.ts';
import { listBackups } from '../backup/list.ts';
import { isFailure, Failure } from '../base/failure.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { AskWhich } from '../history/choose-removal.ts';
import { listArchivedWal, type ArchivedWal } from '../history/archived-wal.ts';
import { IgnoredIndexes } from '../history/ignored-indexes.ts';
import { decodeEnds } from '../history/decode-ends.ts';
import { readTimelines } from '../history/timelines.ts';
import type { Connection } from '../instance/connection.ts';
import { withInclusions } from '../instance/configuration-files.ts';
import { controlFileOf } from '../instance/control-file-of.ts';
import { isThere } from '../instance/durable-rename.ts';
import type { ServerState } from '../instance/live-server.ts';
import { timelineOf, type ControlFile } from '../postgres/control-file.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { archiveNewest } from './archive-newest.ts';
import { archiveTail } from './archive-tail.ts';
import type { LiveFacts, PlanFacts } from './facts.ts';
import { describeAsked, resolveTarget, type AskedTarget } from './asked-target.ts';
import { deltasPassedOver, findPausable, usableBackups } from './find-pausable.ts';
import { gatherLosses, readLiveNames } from './gather-losses.ts';
import { readLiveFacts } from './live-facts.ts';
import { checkBeforeReading, type FactsBeforeReading } from './plan-refusals.ts';
import type { RecoveryUses } from './uses.ts';

/** A server that does not run cannot tell which it reads. */
const USUAL_CONFIGURATION_FILES = ['pg_hba.conf', 'pg_ident.conf', 'postgresql.conf'];

/** What to plan. */
export interface PlanRequest {
  readonly id: string;
  readonly target: AskedTarget;
  /** Says which of several transactions is meant, where somebody can be asked. */
  readonly ask?: AskWhich;
  /** The timeline whose line of history to follow; the live server's unless told. */
  readonly timeline?: number;
  /** Replay from this backup and no other. */
  readonly backupName?: string;
  /** The newest whole segment of the live server's WAL, if it is known not to be in the archive. */
  readonly notArchived?: string | undefined;
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
    isWalMounted: await isOtherDevice(cluster.dataDirectory, join(cluster.dataDirectory, 'pg_wal')),
    isReplica: await isThere(join(cluster.dataDirectory, 'standby.signal')),
    commands: cluster.commandLines,
    patroni: await cluster.patroni?.survey(),
  };
}

/** True if a directory, which is no link, is on another device than the one above it. */
async function isOtherDevice(above: string, directory: string): Promise<boolean> {
  const [outer, inner] = await Promise.all([stat(above), lstat(directory).catch(() => undefined)]);
  return inner?.isDirectory() === true && inner.dev !== outer.dev;
}

/** What a plan needs of a control file. */
export function controlFacts(control: ControlFile): PlanFacts['control'] {
  const { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction } =
    control;
  return {
    systemIdentifier: control.systemIdentifier,
    majorVersion: control.majorVersion,
    timeline: timelineOf(control),
    walLevel: control.walLevel,
    required: { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction },
  };
}

/**
 * Looks at everything, of a cluster on this host. The one thing it does is to close the segment that is being written. Throws as
 * {@link gatherFactsOf} does.
 */
export async function gatherFacts(uses: RecoveryUses, request: PlanRequest): Promise<PlanFacts> {
  const { cluster } = uses;
  const notArchived = await archiveNewest(uses, (timeoutMs) => archiveTail(uses, timeoutMs));
  return gatherFactsOf(uses, { ...request, notArchived }, async () => {
    const control = await controlFileOf(cluster.dataDirectory);
    const state = await cluster.state();
    return {
      control: controlFacts(control),
      cluster: await clusterFacts(cluster, state),
      connect: state === 'running' ? () => cluster.connect() : undefined,
      configurationFiles: (live) =>
        withInclusions(cluster.dataDirectory, live?.configurationFiles ?? USUAL_CONFIGURATION_FILES),
    };
  });
}

/** What is meant may be in WAL that the archive does not have. */
async function sayingWhatIsNotArchived<T>(segment: string | undefined, find: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (error) {
    throw segment !== undefined && isFailure(error, 'refused') ? butNotArchived(error, segment) : error;
  }
}

function butNotArchived(refused: Failure, segment: string): Failure {
  return new Failure('refused', {
    message: `${refused.message}; but the server has newer WAL, which is not in the archive: ${segment} has not reached it`,
    remedy: `If what is meant was done lately: look at the server's log for what its archive_command says, mend it, and plan again.\nOtherwise: ${refused.remedy}`,
    facts: refused.facts,
    cause: refused,
  });
}

/** A cluster, as far as a plan needs to know it. */
export interface LookedAtCluster extends Pick<PlanFacts, 'control' | 'cluster'> {
  /** A connection to the live server; `undefined` while it does not run. */
  readonly connect: (() => Promise<Connection>) | undefined;
  /** The files that the recovered server goes on with. */
  readonly configurationFiles: (live: LiveFacts | undefined) => Promise<readonly string[]>;
}

/**
 * Looks at everything: first what no WAL is needed for, as reading that may take long.
 *
 * @param look at the cluster; once, beside the archive.
 * @throws {Failure} `refused`, for a place that cannot be used, or with the nearest target that can be reached; and what the
 *   store throws.
 */
export async function gatherFactsOf(
  uses: Pick<RecoveryUses, 'store' | 'signal' | 'onProgress' | 'nowUs'>,
  request: PlanRequest,
  look: () => Promise<LookedAtCluster>,
): Promise<PlanFacts> {
  const { store, signal, onProgress } = uses;
  const options = signal === undefined ? {} : { signal };
  const [wal, backups, lookedAt] = await Promise.all([
    listArchivedWal(store, options),
    listBackups(store, signal),
    look(),
  ]);
  const { control, connect } = lookedAt;
  const { id, backupName } = request;
  const before: FactsBeforeReading = {
    asked: describeAsked(request.target),
    cluster: lookedAt.cluster,
    control,
    archive: archiveFacts(store, wal),
  };
  // What is stepped on is restored already, and needs no room again.
  checkBeforeReading(before, backupName === undefined ? withWholeChain(backups) : []);
  const live = connect === undefined ? undefined : await readLiveFacts({ connect });
  const timelines = await readTimelines(store, wal, options);
  const line = timelines.lineOf(request.timeline ?? control.timeline);
  const restorable = restorableBackups(backups, () => line);
  const usable = usableBackups(restorable, backupName === undefined ? undefined : { id, backupName });
  const ignoredIndexes = new IgnoredIndexes();
  const { onIgnoredIndex } = ignoredIndexes;
  const place = { store, wal, line, onProgress, onIgnoredIndex, ...options };
  const history = { ...place, liveNames: connect === undefined ? undefined : await readLiveNames({ connect }) };
  const { target, asked, notes, found, passedOver } = await sayingWhatIsNotArchived(request.notArchived, async () => {
    const resolved = await resolveTarget(history, usable, request.target, request.ask);
    return { ...resolved, ...(await findPausable({ ...place, timelines, backups: usable, target: resolved.target })) };
  });
  await decodeEnds({ store, wal, line, fromLsn: found.backup.startLsn, ...options }, found.targetLsn);
  return {
    ...before,
    id,
    target,
    asked,
    askedNotes: notes,
    nowUs: uses.nowUs(),
    live,
    configurationFiles: await lookedAt.configurationFiles(live),
    line,
    timelines: timelines.all.map((timeline) => ({ timeline, fork: timelines.forkOf(timeline) })),
    found,
    losses: await gatherLosses(history, found),
    indexNote: ignoredIndexes.words,
    passedOver,
    passedOverDeltas: deltasPassedOver(backups, restorable, found, line),
    chain: chainOf(found.backup, backups).map(({ name }) => name),
    notArchived: request.notArchived,
  };
}

function archiveFacts(store: ObjectStore, wal: ArchivedWal): PlanFacts['archive'] {
  const { systemIdentifier, segmentSizeBytes, historyTimelines } = wal;
  return { address: store.address, systemIdentifier, segmentSizeBytes, historyTimelines };
}
