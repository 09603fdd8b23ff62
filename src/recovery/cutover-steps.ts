/**
 * The steps of a cutover, in the order that keeps both histories whole: the live server stops with all its WAL archived
 * *before* the rehearsal opens a new timeline, and the new timeline reaches the archive only when it is the live one.
 *
 * @module
 */

import { backUpLive } from './back-up.ts';
import { Failure } from '../base/failure.ts';
import { controlFileOf, isShutDown } from '../instance/control-file-of.ts';
import type { ServerState } from '../instance/live-server.ts';
import { stopPrivateServer } from '../instance/private-server.ts';
import { formatLsn } from '../postgres/lsn.ts';
import { join } from 'node:path';
import { archiveRest, archiveTailOrFail } from './archive-tail.ts';
import { factsOf, type StepFacts } from './journal.ts';
import { holdWrites, letWritesGo } from './hold-writes.ts';
import { openReserved } from './open-reserved.ts';
import { endCleanly, NO_RESTORE, reopen } from './promote.ts';
import { factOf, rehearsalServer, type RecoveryContext } from './recovery-context.ts';
import { carryConfiguration, preparePrivateServers } from './rehearsal-files.ts';
import { replayToTarget } from './replay-to-target.ts';
import type { Step } from './runner.ts';
import { stopIfStartedSince } from './stop-again.ts';
import type { CutoverStep } from './step-names.ts';
import {
  clearStatus,
  patroniOf,
  pauseCluster,
  rebuildReplicas,
  resumeUnless,
  stopPatroni,
  surveyCluster,
  wasPausedBeforeCutover,
} from './patroni-steps.ts';
import { setPasswords } from './set-passwords.ts';
import { checkNoNewTimeline } from './new-timelines.ts';
import { reserveTimeline } from './timeline-numbers.ts';
import { lineOfPlan } from './line-of-plan.ts';
import { verifyLive } from './verify-live.ts';

const never = async (): Promise<boolean> => false;
const nothing = async (): Promise<void> => {};

function place({ uses, plan }: RecoveryContext, name: 'live' | 'rehearsal' | 'kept'): string {
  return uses.cluster.placeOf(plan.id, name);
}

/** All that can be proven while the live server still runs: the rehearsal stands, and no newer WAL is on this host alone. */
async function archiveLiveTail(context: RecoveryContext): Promise<StepFacts> {
  await checkNoNewTimeline(context);
  await replayToTarget(context);
  const liveState = await context.uses.cluster.state();
  const { outcome, ...tail } = await archiveTailOrFail(context.uses);
  return { outcome, liveState, ...('endLsn' in tail ? { endLsn: tail.endLsn } : {}) };
}

async function reserve(context: RecoveryContext): Promise<StepFacts> {
  await checkNoNewTimeline(context);
  const timeline = await reserveTimeline({
    store: context.uses.store,
    line: lineOfPlan(context.plan),
    holder: context.plan.id,
    walDirectory: join(place(context, 'rehearsal'), 'pg_wal'),
  });
  return { timeline };
}

async function promote(context: RecoveryContext): Promise<StepFacts> {
  const reserved = Number(factOf(context, 'reserveTimeline', 'timeline'));
  const { reason, switchLsn } = await openReserved(context, reserved);
  return { timeline: reserved, reason, switchLsn: formatLsn(switchLsn) };
}

/** One that was killed since it was promoted is started once more, so that it can end cleanly. */
async function stopRehearsal(context: RecoveryContext): Promise<StepFacts> {
  const directory = place(context, 'rehearsal');
  await endCleanly(rehearsalServer(context, NO_RESTORE));
  const control = await controlFileOf(directory);
  const reserved = Number(factOf(context, 'reserveTimeline', 'timeline'));
  if (isShutDown(control) && control.timeline === reserved) return {};
  throw new Failure('failed', {
    message: `cannot swap the rehearsal in: its control file says "${control.state}" on timeline ${control.timeline}`,
    remedy: `Undo it:  walkback undo ${context.plan.id}`,
  });
}

async function takeBackAside(context: RecoveryContext): Promise<void> {
  const { cluster } = context.uses;
  if (await cluster.isPresent(context.plan.id, 'kept')) await cluster.move(context.plan.id, 'kept', 'live');
}

async function stopLive(context: RecoveryContext): Promise<StepFacts> {
  const before = await stopWhole(context, wasRunning(context));
  return { before, after: await context.uses.cluster.state() };
}

/** One that ran and has crashed since is started first, so that what it had not archived is not left behind. */
async function stopWhole({ uses }: RecoveryContext, mustBeWhole: boolean): Promise<ServerState> {
  const { cluster } = uses;
  const before = await cluster.state();
  if (before === 'crashed' && mustBeWhole) await cluster.start();
  if (before === 'crashed' && !mustBeWhole) return before;
  try {
    await cluster.stop();
  } catch (error) {
    if (!mustBeWhole || (await cluster.state()) !== 'crashed') throw error;
    await cluster.start();
    await cluster.stop();
  }
  return before;
}

/** The last moment at which something is in the live place that could run. */
async function setLiveAside(context: RecoveryContext): Promise<StepFacts> {
  const stopAgain = async (): Promise<void> => {
    await stopWhole(context, true);
    await configure(context);
  };
  const facts = await stopIfStartedSince(context, { stop: 'stopLive', rest: 'archiveRest', stopAgain });
  await context.uses.cluster.move(context.plan.id, 'live', 'kept');
  return facts;
}

async function putInPlace({ uses, plan }: RecoveryContext): Promise<StepFacts> {
  await uses.cluster.move(plan.id, 'rehearsal', 'live');
  return {};
}

async function configure(context: RecoveryContext): Promise<StepFacts> {
  await carryConfiguration(context, place(context, 'live'), place(context, 'rehearsal'));
  return {};
}

/** The passwords are those of the target's time, and Patroni could not connect. One that was killed is started once more. */
async function setRehearsalPasswords(context: RecoveryContext): Promise<StepFacts> {
  await preparePrivateServers(context);
  await using connection = await reopen(rehearsalServer(context, NO_RESTORE));
  // The connection is closed when this returns.
  return await setPasswords(connection, patroniOf(context).neededRoles());
}

async function resumeAsBefore(context: RecoveryContext): Promise<void> {
  await resumeUnless(context, wasPausedBeforeCutover(context));
}

async function startPatroniAgain(context: RecoveryContext): Promise<void> {
  await patroniOf(context).startPatroni();
}

/** A live server that was not running when the cutover began is not started by taking it back. */
export async function startLiveAgain(context: RecoveryContext): Promise<void> {
  if (wasRunning(context)) await context.uses.cluster.start();
}

/** It may have been started since it was planned. */
function wasRunning({ plan, journal }: RecoveryContext): boolean {
  const atCutover = factsOf(journal.entries, 'archiveTail')?.['liveState'];
  return (atCutover ?? plan.preconditions.liveState) === 'running';
}

/**
 * See `SPEC.md`. The steps from `putInPlace` on are not taken back: from then on an agent beside the live server may push
 * the new line's history, so the line counts as opened, and its undo has steps of its own.
 */
export const cutoverSteps: Record<CutoverStep, Step<RecoveryContext>> = {
  survey: { do: surveyCluster, undo: nothing, isDone: never },
  pause: { do: pauseCluster, undo: resumeAsBefore, isDone: never },
  holdWrites: { do: holdWrites, undo: async (context) => void (await letWritesGo(context)), isDone: never },
  archiveTail: { do: archiveLiveTail, undo: nothing, isDone: never },
  stopLive: { do: stopLive, undo: startLiveAgain, isDone: never },
  archiveRest: {
    do: async (context) => ({ pushed: await archiveRest(context.uses, place(context, 'live')) }),
    undo: nothing,
    isDone: never,
  },
  stopPatroni: { do: stopPatroni, undo: startPatroniAgain, isDone: never },
  reserveTimeline: { do: reserve, undo: nothing, isDone: never },
  promote: { do: promote, undo: (context) => stopPrivateServer(place(context, 'rehearsal')), isDone: never },
  setPasswords: { do: setRehearsalPasswords, undo: nothing, isDone: never },
  stopRehearsal: { do: stopRehearsal, undo: nothing, isDone: never },
  configure: { do: configure, undo: nothing, isDone: never },
  setLiveAside: {
    do: setLiveAside,
    undo: takeBackAside,
    isDone: ({ uses, plan }) => uses.cluster.isPresent(plan.id, 'kept'),
  },
  putInPlace: {
    do: putInPlace,
    undo: nothing,
    isDone: async ({ uses, plan }) => !(await uses.cluster.isPresent(plan.id, 'rehearsal')),
  },
  clearStatus: { do: clearStatus, undo: nothing, isDone: never },
  openLine: {
    do: async ({ uses }) => {
      await uses.cluster.start();
      return {};
    },
    undo: nothing,
    isDone: async ({ uses }) => (await uses.cluster.state()) === 'running',
  },
  verify: {
    do: (context) => verifyLive(context, Number(factOf(context, 'reserveTimeline', 'timeline'))),
    undo: nothing,
    isDone: never,
  },
  letWritesGo: { do: letWritesGo, undo: nothing, isDone: never },
  backUp: { do: backUpLive, undo: nothing, isDone: never },
  rebuildReplicas: { do: (context) => rebuildReplicas(context, 'survey'), undo: nothing, isDone: never },
  resume: {
    do: (context) => resumeUnless(context, wasPausedBeforeCutover(context)),
    undo: nothing,
    isDone: never,
  },
};
