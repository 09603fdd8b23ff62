/**
 * The use cases of a recovery that has a plan: rehearse, cut over, undo, throw away. Each asks the table of states, takes
 * the lock, and lets the runner go on where the journal ends.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure, isFailure } from '../base/failure.ts';
import { isThere } from '../instance/durable-rename.ts';
import { stopPrivateServer } from '../instance/private-server.ts';
import { startLiveAgain } from './cutover-steps.ts';
import { checkMayCutOver, mayStayRecovered, otherWay } from './give-up.ts';
import { areWritesHeld, holdLateIfAsked } from './hold-writes.ts';
import { hostKindOf } from './host-kind.ts';
import { hasStepBegun, openJournal, stateOf, type Journal, type JournalEntry } from './journal.ts';
import { lockRecoveries } from './lock.ts';
import { readPlan } from './plan-file.ts';
import type { Plan } from './plan-value.ts';
import { checkNothingNew, checkPreconditions } from './preconditions.ts';
import { recoveryFile, socketDirectoryOf, type RecoveryContext } from './recovery-context.ts';
import { removeRehearsal, standAgain } from './rehearse-steps.ts';
import { runSteps, takeStepsBack, undoSteps, type Run } from './runner.ts';
import { transition, type RecoveryEvent, type RecoveryState } from './states.ts';
import { CUTOVER_STEPS, REHEARSE_STEPS, UNDO_STEPS, type StepName } from './step-names.ts';
import { STEPS } from './steps.ts';
import type { RecoveryUses } from './uses.ts';

/** Told of each line of the journal once it is on disk. */
export type OnJournalEntry = (entry: JournalEntry) => void;

/** A recovery that is being worked on, under the lock. */
export interface OpenRecovery extends AsyncDisposable {
  readonly context: RecoveryContext;
}

/** Opens a recovery for work. @throws {Failure} `conflict` while another run works on this cluster's recoveries. */
export async function openRecovery(uses: RecoveryUses, id: string, onEntry?: OnJournalEntry): Promise<OpenRecovery> {
  await readPlan(uses.cluster, id);
  const lock = await lockRecoveries(uses.cluster.recoveriesFolder);
  let plan: Plan;
  let journal: Journal;
  try {
    // Again, now that nobody else can step it on.
    plan = await readPlan(uses.cluster, id);
    const path = join(uses.cluster.recoveryFolder(id), 'journal.jsonl');
    journal = await openJournal(path, () => new Date(Number(uses.nowUs() / 1000n)), onEntry);
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
  return {
    context: { uses, plan, journal },
    [Symbol.asyncDispose]: async () => {
      await journal[Symbol.asyncDispose]();
      await lock[Symbol.asyncDispose]();
    },
  };
}

/** Does the work of an event between its two states; the state after it is written only when it succeeded. */
export async function during<T>(context: RecoveryContext, event: RecoveryEvent, work: () => Promise<T>): Promise<T> {
  const { journal, plan } = context;
  const state = stateOf(journal.entries);
  const goes = transition(plan.id, state, event);
  if (goes.during !== state) await journal.append({ event: 'state', state: goes.during });
  const result = await work();
  if (goes.after !== stateOf(journal.entries)) await journal.append({ event: 'state', state: goes.after });
  return result;
}

function runOf(context: RecoveryContext, order: readonly StepName[], signal?: AbortSignal): Run<RecoveryContext> {
  return { steps: STEPS, order, journal: context.journal, context, signal };
}

function cutoverOrder({ plan }: RecoveryContext): readonly StepName[] {
  return CUTOVER_STEPS[hostKindOf(plan)];
}

/** Restores beside the live cluster and replays to the target. One that stands already is made to run again. */
export async function rehearse(context: RecoveryContext): Promise<void> {
  await during(context, 'rehearse', async () => {
    if (stateOf(context.journal.entries) === 'standing') {
      await standAgain(context);
      return;
    }
    await checkPreconditions(context);
    await runSteps(runOf(context, REHEARSE_STEPS, context.uses.signal));
  });
}

/**
 * Swaps the rehearsal in. An undo that is under way, and whose data have not opened, is given up: the recovered data stays live.
 *
 * @param signal looked at between steps alone: what is half done then can be gone on with or undone.
 */
export async function cutOver(context: RecoveryContext, signal?: AbortSignal): Promise<void> {
  const isFirst = stateOf(context.journal.entries) === 'standing';
  if (isFirst) await checkPreconditions(context);
  checkMayCutOver(context.plan.id, context.journal.entries);
  await holdLateIfAsked(context);
  await during(context, 'cutOver', () =>
    sayingWhatIsDown(context, 'recover run', async () => {
      if (!isFirst) await checkNothingNew(context);
      await takeStepsBack(runOf(context, UNDO_STEPS[hostKindOf(context.plan)], signal));
      await runSteps(runOf(context, cutoverOrder(context), signal));
    }),
  );
}

/** Work that fails while the live server is stopped, or takes no writes, says so, and what to type: nobody must find that out by themselves. */
async function sayingWhatIsDown(context: RecoveryContext, goOn: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const trouble = isFailure(error) ? await troubleNow(context) : undefined;
    if (!isFailure(error) || trouble === undefined) throw error;
    const { id } = context.plan;
    const { entries } = context.journal;
    const isGivingUp = hasStepBegun(entries, 'undoArchiveTail');
    const back = otherWay(id, goOn, { isGivingUp, mayStay: mayStayRecovered(entries) });
    throw new Failure(error.kind, {
      message: `${error.message}; ${trouble}`,
      remedy: `${error.remedy}\nTo go on:  walkback ${goOn} ${id}${back}`,
      facts: error.facts,
      cause: error,
    });
  }
}

async function troubleNow(context: RecoveryContext): Promise<string | undefined> {
  if (!(await isLiveUp(context))) return 'the cluster is DOWN now';
  return (await areWritesHeld(context).catch(() => false)) ? 'the cluster is up, and its WRITES ARE HELD' : undefined;
}

/** In the middle of a swap there is no data directory to ask. */
async function isLiveUp({ uses }: RecoveryContext): Promise<boolean> {
  return uses.cluster.state().then(
    (state) => state === 'running',
    () => false,
  );
}

/** From here on the new line may be known outside; see `cutover-steps.ts`. */
export function hasLineOpened(entries: readonly JournalEntry[]): boolean {
  return hasStepBegun(entries, 'putInPlace');
}

/**
 * Takes the cluster back to how it was before the cutover, whatever of it was done.
 *
 * @param signal looked at between steps alone, once the new line has opened; the undo can then be gone on with.
 */
export async function undo(context: RecoveryContext, signal?: AbortSignal): Promise<void> {
  const state: RecoveryState = stateOf(context.journal.entries);
  if (state === 'rehearsing' || state === 'standing') return discard(context);
  await during(context, 'undo', async () => {
    const isOpened = hasLineOpened(context.journal.entries);
    const work = () => (isOpened ? undoOpened(context, signal) : undoUnopened(context));
    await sayingWhatIsDown(context, 'undo', work);
  });
}

/** Nobody has seen the new line: the old data is started again, as it was. */
async function undoUnopened(context: RecoveryContext): Promise<void> {
  const { uses, plan } = context;
  await undoSteps(runOf(context, cutoverOrder(context)));
  await stopPrivateServer(uses.cluster.placeOf(plan.id, 'rehearsal'));
  await startLiveAgain(context);
}

/** The swap is finished if it was half done; then the kept data is swapped back, on a timeline of its own. */
async function undoOpened(context: RecoveryContext, signal: AbortSignal | undefined): Promise<void> {
  const order = cutoverOrder(context);
  const untilSwapped = order.slice(0, order.indexOf('putInPlace') + 1);
  const isSwapUndone = await isThere(context.uses.cluster.placeOf(context.plan.id, 'replaced'));
  if (!isSwapUndone) await runSteps(runOf(context, untilSwapped));
  await runSteps(runOf(context, UNDO_STEPS[hostKindOf(context.plan)], signal));
}

/**
 * Stops and removes a rehearsal. The live cluster and the archive are as if it had never been.
 *
 * It is thrown away before any of it is removed: half of its files must not count as one that stands.
 */
export async function discard(context: RecoveryContext): Promise<void> {
  const { journal, plan } = context;
  const state = stateOf(journal.entries);
  transition(plan.id, state, 'discard');
  if (state !== 'discarded') await journal.append({ event: 'state', state: 'discarded' });
  await during(context, 'discard', async () => {
    await stopPrivateServer(context.uses.cluster.placeOf(plan.id, 'rehearsal'));
    await removeLeftovers(context);
    await removeRehearsal(context);
  });
}

/** Removes what private servers of a recovery that is over have left: spool, sockets, a copy. */
export async function removeLeftovers(context: RecoveryContext): Promise<void> {
  const { uses, plan } = context;
  const inFolder = ['spool', 'copy', 'socket'].map((name) => recoveryFile(context, name));
  for (const path of [...inFolder, socketDirectoryOf(uses.cluster.recoveryFolder(plan.id), plan.id)]) {
    await rm(path, { recursive: true, force: true });
  }
}
