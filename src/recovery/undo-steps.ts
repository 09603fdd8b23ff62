/**
 * The steps of an undo once the new line has opened: the kept data goes live again, on a new timeline of its own, so that
 * whoever follows the newest history (replicas, restores to `latest`) follows it and not the line that was left.
 *
 * @module
 */

import { backUpLive } from './back-up.ts';
import { feedFor } from './feed-wal.ts';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { writeFileDurably } from '../archive/durable-file.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { controlFileOf, isShutDown } from '../instance/control-file-of.ts';
import { isThere } from '../instance/durable-rename.ts';
import type { PrivateServer } from '../instance/private-server.ts';
import { startPrivateServer, stopPrivateServer, untilItAnswers } from '../instance/private-server.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { archiveRest, archiveTail } from './archive-tail.ts';
import type { StepFacts } from './journal.ts';
import { readLine } from './line-of-archive.ts';
import {
  endCleanly,
  NO_RESTORE,
  forgetUnfinishedPromotion,
  isStillToRecover,
  proveTimeline,
  reopen,
  untilOpen,
} from './promote.ts';
import {
  clearStatus,
  patroniOf,
  pauseCluster,
  rebuildReplicas,
  resumeUnless,
  stopPatroni,
  surveyCluster,
  wasPausedBeforeUndo,
} from './patroni-steps.ts';
import { setPasswords } from './set-passwords.ts';
import { factOf, privateServer, recoveryFile, type RecoveryContext } from './recovery-context.ts';
import { copyDurably, preparePrivateServers } from './rehearsal-files.ts';
import type { Step } from './runner.ts';
import type { UndoStep } from './step-names.ts';
import { reserveTimeline } from './timeline-numbers.ts';
import { verifyLive } from './verify-live.ts';

const never = async (): Promise<boolean> => false;
const nothing = async (): Promise<void> => {};

function keptDirectory({ uses, plan }: RecoveryContext): string {
  return uses.cluster.placeOf(plan.id, 'kept');
}

/**
 * If the machine has died since, the new line is started once more, so that its last WAL is archived too. If it cannot be,
 * that WAL stays with the data that is put aside. An archiver that fails is not waited for any longer: what it leaves is
 * pushed once the server has stopped, and the line to be left must not keep anybody on it.
 */
async function archiveNewLine({ uses }: RecoveryContext): Promise<StepFacts> {
  const before = await uses.cluster.state();
  if (before === 'crashed') {
    const failure = await uses.cluster.start().then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    if (failure !== undefined) return { outcome: 'notStarted', failure };
  }
  const tail = await archiveTail(uses);
  return tail.outcome === 'late'
    ? { outcome: tail.outcome, failure: tail.facts.join('; ') }
    : { outcome: tail.outcome };
}

/** The line to be left may have crashed, or never have started; it is put aside as it is. */
async function stopNewLine({ uses }: RecoveryContext): Promise<StepFacts> {
  const before = await uses.cluster.state();
  if (before === 'running') await uses.cluster.stop();
  return { before };
}

async function reserve(context: RecoveryContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const kept = keptDirectory(context);
  const { timeline } = await controlFileOf(kept);
  const reserved = await reserveTimeline({
    store: uses.store,
    line: await readLine(uses.store, timeline),
    holder: `${plan.id}-undo`,
    walDirectory: join(kept, 'pg_wal'),
  });
  return { timeline: reserved };
}

/** Its own settings are needed for its replication slots: they refuse a server with fewer, or a lower wal_level. */
async function keptServer(context: RecoveryContext, restoreCommand: string): Promise<PrivateServer> {
  const directory = keptDirectory(context);
  const control = await controlFileOf(directory);
  const server = privateServer(context, {
    dataDirectory: directory,
    name: 'undo',
    archiving: 'held',
    replay: { restoreCommand, timeline: 'current' },
  });
  const slots = await readdir(join(directory, 'pg_replslot')).catch(() => []);
  const { maxConnections, maxWorkerProcesses, maxWalSenders, maxPreparedTransactions, maxLocksPerTransaction } =
    control;
  const required = {
    maxConnections,
    maxWorkerProcesses,
    maxWalSenders,
    maxPreparedTransactions,
    maxLocksPerTransaction,
  };
  const walLevel = control.walLevel === 'logical' ? 'logical' : 'replica';
  return { ...server, settings: { ...server.settings, required, walLevel, replicationSlots: slots.length } };
}

/** How the live server was started last is read from this file at its next start; ours must not stay in it. */
async function saveOptions(context: RecoveryContext): Promise<void> {
  const saved = recoveryFile(context, 'postmaster.opts.kept');
  const own = join(keptDirectory(context), 'postmaster.opts');
  if (!(await isThere(saved)) && (await isThere(own))) await copyDurably(own, saved);
}

async function putOptionsBack(context: RecoveryContext): Promise<void> {
  const saved = recoveryFile(context, 'postmaster.opts.kept');
  if (await isThere(saved)) await copyDurably(saved, join(keptDirectory(context), 'postmaster.opts'));
}

async function promoteKept(context: RecoveryContext): Promise<StepFacts> {
  const directory = keptDirectory(context);
  const reserved = Number(factOf(context, 'undoReserveTimeline', 'timeline'));
  await saveOptions(context);
  await preparePrivateServers(context);
  await using feed = feedFor(context, directory);
  const server = await keptServer(context, feed.restoreCommand);
  const isOpened = (await controlFileOf(directory)).timeline === reserved;
  if (!isOpened) {
    const wasBegun = await isStillToRecover(directory);
    if (wasBegun) await stopPrivateServer(directory);
    await writeFileDurably(join(directory, 'recovery.signal'), Buffer.alloc(0));
    await forgetUnfinishedPromotion(directory, reserved);
  }
  await startPrivateServer(server);
  await using connection = await untilItAnswers(server);
  await untilOpen(server, connection);
  const branch = await proveTimeline(server, connection, reserved);
  return { timeline: reserved, reason: branch.reason, switchLsn: formatLsn(branch.switchLsn) };
}

/** They may have been changed since it was the live data. */
async function setKeptPasswords(context: RecoveryContext): Promise<StepFacts> {
  await preparePrivateServers(context);
  await using connection = await reopen(await keptServer(context, NO_RESTORE));
  // The connection is closed when this returns.
  return await setPasswords(connection, patroniOf(context).neededRoles());
}

async function stopKept(context: RecoveryContext): Promise<StepFacts> {
  const directory = keptDirectory(context);
  await preparePrivateServers(context);
  await endCleanly(await keptServer(context, NO_RESTORE));
  await putOptionsBack(context);
  const control = await controlFileOf(directory);
  const reserved = Number(factOf(context, 'undoReserveTimeline', 'timeline'));
  if (isShutDown(control) && control.timeline === reserved) return {};
  throw new Failure('failed', {
    message: `cannot put the kept data back: its control file says "${control.state}" on timeline ${control.timeline}`,
    remedy: `Run it again:  walkback undo ${context.plan.id}`,
  });
}

const step = (
  run: Step<RecoveryContext>['do'],
  isDone: Step<RecoveryContext>['isDone'] = never,
): Step<RecoveryContext> => ({
  do: run,
  undo: nothing,
  isDone,
});

/** See `SPEC.md`. An undo is only ever finished, never taken back; a new recovery can follow it. */
export const undoSteps: Record<UndoStep, Step<RecoveryContext>> = {
  undoSurvey: step(surveyCluster),
  undoPause: step(pauseCluster),
  undoArchiveTail: step(archiveNewLine),
  undoStop: step(stopNewLine),
  undoArchiveRest: step(async ({ uses }) => ({ pushed: await archiveRest(uses, uses.cluster.dataDirectory) })),
  undoStopPatroni: step(stopPatroni),
  undoReserveTimeline: step(reserve),
  undoPromote: step(promoteKept),
  undoSetPasswords: step(setKeptPasswords),
  undoStopKept: step(stopKept),
  undoSetAside: step(
    async ({ uses, plan }) => {
      await uses.cluster.move(plan.id, 'live', 'replaced');
      return {};
    },
    ({ uses, plan }) => uses.cluster.isPresent(plan.id, 'replaced'),
  ),
  undoPutBack: step(
    async ({ uses, plan }) => {
      await uses.cluster.move(plan.id, 'kept', 'live');
      return {};
    },
    async ({ uses, plan }) => !(await uses.cluster.isPresent(plan.id, 'kept')),
  ),
  undoClearStatus: step(clearStatus),
  undoOpenLine: step(async (context) => {
    await context.uses.cluster.start();
    await rm(recoveryFile(context, 'postmaster.opts.kept'), { force: true });
    return {};
  }),
  undoVerify: step((context) => verifyLive(context, Number(factOf(context, 'undoReserveTimeline', 'timeline')))),
  undoBackUp: step(backUpLive),
  undoRebuildReplicas: step((context) => rebuildReplicas(context, 'undoSurvey')),
  undoResume: step((context) => resumeUnless(context, wasPausedBeforeUndo(context))),
};
