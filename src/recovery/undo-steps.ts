/**
 * The steps of an undo once the new line has opened: the kept data goes live again, on a new timeline of its own, so that
 * whoever follows the newest history (replicas, restores to `latest`) follows it and not the line that was left.
 *
 * @module
 */

import { rm } from 'node:fs/promises';

import { messageOf } from '../base/failure.ts';
import { archiveRest, archiveTailBeforeStop } from './archive-tail.ts';
import { backUpLive } from './back-up.ts';
import { letWritesGo } from './hold-writes.ts';
import { isStepDone, type StepFacts } from './journal.ts';
import { endKept, openKept, reserveForKept, setKeptPasswords, stopKept } from './open-kept.ts';
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
import { factOf, recoveryFile, type RecoveryContext } from './recovery-context.ts';
import type { Step } from './runner.ts';
import { stopIfStartedSince } from './stop-again.ts';
import type { UndoStep } from './step-names.ts';
import { verifyLive } from './verify-live.ts';

const never = async (): Promise<boolean> => false;
const nothing = async (): Promise<void> => {};

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
  const tail = await archiveTailBeforeStop(uses);
  return tail.outcome === 'late'
    ? { outcome: tail.outcome, failure: tail.facts.join('; ') }
    : { outcome: tail.outcome };
}

/** The line to be left may have crashed, or never have started; it is put aside as it is. */
async function stopNewLine({ uses }: RecoveryContext): Promise<StepFacts> {
  const before = await uses.cluster.state();
  if (before === 'running') await uses.cluster.stop();
  return { before, after: await uses.cluster.state() };
}

async function setNewLineAside(context: RecoveryContext): Promise<StepFacts> {
  const stopAgain = async (): Promise<void> => {
    await archiveNewLine(context);
    await stopNewLine(context);
  };
  const facts = await stopIfStartedSince(context, { stop: 'undoStop', rest: 'undoArchiveRest', stopAgain });
  await context.uses.cluster.move(context.plan.id, 'live', 'replaced');
  return facts;
}

function reserved(context: RecoveryContext): number {
  return Number(factOf(context, 'undoReserveTimeline', 'timeline'));
}

/** The recovered data is live again as it was; what a cutover has not come to is its own to do. */
async function startNewLine({ uses, journal }: RecoveryContext): Promise<void> {
  if (isStepDone(journal.entries, 'openLine')) await uses.cluster.start();
}

async function startPatroniAgain(context: RecoveryContext): Promise<void> {
  if (isStepDone(context.journal.entries, 'openLine')) await patroniOf(context).startPatroni();
}

async function resumeAsBefore(context: RecoveryContext): Promise<void> {
  if (isStepDone(context.journal.entries, 'resume')) await resumeUnless(context, wasPausedBeforeUndo(context));
}

const step = (
  run: Step<RecoveryContext>['do'],
  { isDone = never, undo = nothing }: Partial<Step<RecoveryContext>> = {},
): Step<RecoveryContext> => ({ do: run, undo, isDone });

/** See `SPEC.md`. Until the kept data have opened an undo may be given up (`give-up.ts`); from there on it is only ever finished. */
export const undoSteps: Record<UndoStep, Step<RecoveryContext>> = {
  undoSurvey: step(surveyCluster),
  undoPause: step(pauseCluster, { undo: resumeAsBefore }),
  undoArchiveTail: step(archiveNewLine),
  undoStop: step(stopNewLine, { undo: startNewLine }),
  undoArchiveRest: step(async ({ uses }) => ({ pushed: await archiveRest(uses, uses.cluster.dataDirectory) })),
  undoStopPatroni: step(stopPatroni, { undo: startPatroniAgain }),
  undoReserveTimeline: step(async (context) => ({ timeline: await reserveForKept(context) })),
  undoPromote: step((context) => openKept(context, reserved(context)), { undo: endKept }),
  undoSetPasswords: step((context) => setKeptPasswords(context, patroniOf(context).neededRoles())),
  undoStopKept: step(async (context) => {
    await stopKept(context, reserved(context), `Run it again:  walkback undo ${context.plan.id}`);
    return {};
  }),
  undoSetAside: step(setNewLineAside, { isDone: ({ uses, plan }) => uses.cluster.isPresent(plan.id, 'replaced') }),
  undoPutBack: step(
    async ({ uses, plan }) => {
      await uses.cluster.move(plan.id, 'kept', 'live');
      return {};
    },
    { isDone: async ({ uses, plan }) => !(await uses.cluster.isPresent(plan.id, 'kept')) },
  ),
  undoClearStatus: step(clearStatus),
  undoOpenLine: step(async (context) => {
    await context.uses.cluster.start();
    await rm(recoveryFile(context, 'postmaster.opts.kept'), { force: true });
    return {};
  }),
  undoVerify: step((context) => verifyLive(context, reserved(context))),
  undoLetWritesGo: step(letWritesGo),
  undoBackUp: step(backUpLive),
  undoRebuildReplicas: step((context) => rebuildReplicas(context, 'undoSurvey')),
  undoResume: step((context) => resumeUnless(context, wasPausedBeforeUndo(context))),
};
