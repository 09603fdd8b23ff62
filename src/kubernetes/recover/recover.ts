/**
 * The use cases of a recovery in a namespace: rehearse, cut over, undo, throw away. Each asks the table of states, holds the
 * Lease, and lets the runner go on where the journal ends; from any machine.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { CheckResult } from '../../recovery/checks.ts';
import { factsOf, hasStepBegun, isStepDone, stateOf, type StepFacts } from '../../recovery/journal.ts';
import { otherWay } from '../../recovery/give-up.ts';
import { runSteps, takeStepsBack, undoSteps, type Run, type Step } from '../../recovery/runner.ts';
import { transition, type RecoveryEvent, type RecoveryState } from '../../recovery/states.ts';
import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { removePolicyOfEnded } from '../carry/carrier.ts';
import type { RehearsalChecks, RehearsalFound } from '../rehearse/rehearsal.ts';
import type { NamespacePlan } from './plan-value.ts';
import { compareRolesAgain } from './compare-roles.ts';
import type { SwapContext, SwapUses } from './context.ts';
import { cutoverSwapSteps, rehearseSwapSteps } from './cutover-steps.ts';
import { checkMayCutOver, mayStayRecovered } from './give-up.ts';
import { refuseNewTimeline } from './survey.ts';
import { openNamespaceJournal, readRecovery, replacePlan, type SwapEntry } from './journal-object.ts';
import { openUnderLease } from './open-under-lease.ts';
import { beginsAnew, refuseOtherWork } from './other-work.ts';
import { statefulSetRef } from './pods-gone.ts';
import {
  foundRehearsal,
  refFacts,
  refOf,
  requestOf,
  volumePlanOf,
  watchOf,
  workingRehearsal,
} from './rehearsal-of-plan.ts';
import { scaleDownAgain } from './scaled-again.ts';
import { tellBegun, tellStayed, tellStopped, tellTakenBack } from './story-of-run.ts';
import { REHEARSE_STEPS, rehearseStepsOf, SWAP_STEPS, UNDO_SWAP_STEPS, type SwapStep } from './step-names.ts';
import { undoSwapSteps } from './undo-steps.ts';

const STEPS: Record<SwapStep, Step<SwapContext>> = { ...rehearseSwapSteps, ...cutoverSwapSteps, ...undoSwapSteps };

/** A recovery that is being worked on, under the Lease. */
export interface OpenSwap extends AsyncDisposable {
  readonly context: SwapContext;
}

/**
 * Opens a recovery for work. Losing the Lease ends the work at the next step.
 *
 * @throws {Failure} `conflict` while another run works on this StatefulSet's recoveries, `usage` if there is no such recovery.
 */
export async function openSwap(uses: SwapUses, id: string, onEntry?: (entry: SwapEntry) => void): Promise<OpenSwap> {
  const { plan: stored } = await readRecovery(uses.api, id);
  return openUnderLease(uses, stored.swap.statefulSet.name, (now) => openNamespaceJournal(uses.api, id, now, onEntry));
}

/** In these no Job works on it. */
const IS_OVER: ReadonlySet<RecoveryState> = new Set(['recovered', 'undone', 'discarded']);

async function during<T>(context: SwapContext, event: RecoveryEvent, work: () => Promise<T>): Promise<T> {
  const { journal, plan } = context;
  const state = stateOf(journal.entries);
  const goes = transition(plan.recovery.id, state, event);
  if (goes.during !== state) {
    if (event !== 'discard' && beginsAnew(state))
      await refuseOtherWork(context.uses.api, plan.swap.statefulSet.name, plan.recovery.id);
    await journal.append({ event: 'state', state: goes.during });
  }
  const result = await work();
  if (goes.after !== stateOf(journal.entries)) await journal.append({ event: 'state', state: goes.after });
  if (IS_OVER.has(goes.after)) await removePolicyOfEnded(context.uses.api, plan.recovery.id);
  return result;
}

/** @throws {Failure} `refused` for the way *clone*: there is nothing to look at before the cutover. */
export function checkHasRehearsal({ plan }: SwapContext): void {
  if (plan.swap.clone === undefined) return;
  const { id } = plan.recovery;
  throw new Failure('refused', {
    message: `cannot rehearse recovery ${id}: by the way clone the cluster's own image restores, in the cutover, and nothing stands beside it before`,
    remedy: `Cut over:  walkback recover run ${id}\nOr plan another way, with --way (--walkback-image names an image that has walkback).`,
  });
}

function runOf(context: SwapContext, order: readonly SwapStep[], signal?: AbortSignal): Run<SwapContext, SwapStep> {
  return { steps: STEPS, order, journal: context.journal, context, signal };
}

/** Restores beside the live cluster and replays to the target. One that stands already is proven to. */
export async function rehearseSwap(context: SwapContext): Promise<void> {
  await during(context, 'rehearse', async () => {
    const isStanding = stateOf(context.journal.entries) === 'standing';
    if (isStanding && context.plan.swap.clone === undefined) {
      const ref = await workingRehearsal(context);
      await context.uses.rehearsals.untilStanding(ref, watchOf(context));
      await compareRolesAgain(context, ref);
      return;
    }
    await checkSameCluster(context);
    await runSteps(runOf(context, rehearseStepsOf(context.plan.swap.way), context.uses.signal));
  });
}

/** What the plan was made on, asked again: another StatefulSet under that name is another cluster. */
async function checkSameCluster({ uses, plan }: SwapContext): Promise<void> {
  const { name, uid } = plan.swap.statefulSet;
  const found = await uses.api.get<StatefulSet>(statefulSetRef(name));
  const { context, namespace } = uses.api.where;
  const isSame = found?.metadata?.uid === uid && uses.store.address === plan.recovery.preconditions.archiveAddress;
  if (isSame) return;
  throw new Failure('refused', {
    message: `cannot run plan ${plan.recovery.id}: the StatefulSet ${name} in ${namespace} of ${context}, or its archive, is not the one that was planned for`,
    remedy: 'Make a new plan:  walkback recover plan',
  });
}

/** Whether a pod of it is ready; `undefined`: the API server does not say. */
async function isLiveUp({ uses, plan }: SwapContext): Promise<boolean | undefined> {
  return uses.api.get<StatefulSet>(statefulSetRef(plan.swap.statefulSet.name)).then(
    (found) => (found?.status?.readyReplicas ?? 0) > 0,
    () => undefined,
  );
}

/** Work that fails while the cluster is stopped says so, and what to type; here and in an Event. */
async function sayingWhatIsDown(context: SwapContext, goOn: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isUp = await isLiveUp(context);
    const told = isFailure(error) && isUp !== true ? downFailure(context, goOn, error, isUp) : error;
    if (isUp !== undefined) await tellStopped(context, 'recovery', told, isUp);
    throw told;
  }
}

function downFailure({ plan, journal }: SwapContext, goOn: string, error: Failure, isUp: false | undefined): Failure {
  const { id } = plan.recovery;
  const { entries } = journal;
  const isGivingUp = hasStepBegun(entries, 'undoSurvey');
  const back = otherWay(id, goOn, { isGivingUp, mayStay: mayStayRecovered(plan, entries) });
  return new Failure(error.kind, {
    message: `${error.message}; ${isUp === false ? 'the cluster is DOWN now' : 'the cluster MAY BE DOWN now: the API server does not say'}`,
    remedy: `${error.remedy}\nTo go on:  walkback ${goOn} ${id}${back}`,
    facts: error.facts,
    cause: error,
  });
}

/** An undo is given up: what it has stopped is up again, with the recovered data. */
async function giveUndoUp(context: SwapContext, signal: AbortSignal): Promise<void> {
  if (!hasStepBegun(context.journal.entries, 'undoSurvey')) return;
  await endLeftJobs(context, ['undo-rest']);
  // On the kept data, and maybe on a node that is away: the recovered data is up before that is waited for.
  const ended = endLeftJobs(context, ['reopen']);
  ended.catch(() => {});
  await takeStepsBack(runOf(context, UNDO_SWAP_STEPS[context.plan.swap.way], signal));
  await ended;
}

/**
 * Swaps the rehearsal in. An undo that is under way, and whose data have not opened, is given up: the recovered data stays live.
 *
 * @param signal looked at between steps: what is half done can be gone on with or undone.
 */
export async function cutOverSwap(context: SwapContext, signal?: AbortSignal): Promise<void> {
  const isFirst = stateOf(context.journal.entries) === 'standing';
  if (isFirst) {
    await checkSameCluster(context);
    await refuseNewTimeline(context);
  }
  checkMayCutOver(context.plan, context.journal.entries);
  const order: readonly SwapStep[] = SWAP_STEPS[context.plan.swap.way];
  const both = AbortSignal.any([signal, context.uses.signal].filter((one) => one !== undefined));
  await during(context, 'cutOver', () =>
    sayingWhatIsDown(context, 'recover run', async () => {
      const stays = isStepDone(context.journal.entries, 'tellStory');
      await tellBegun(context, 'recovery', stays ? 'giving up its undo' : 'its cutover');
      await giveUndoUp(context, both);
      await scaleDownAgain(context, 'cutOver');
      await runSteps(runOf(context, order, both));
      if (stays) await tellStayed(context);
    }),
  );
}

/** From here on the new line may be known outside. */
export function hasSwapOpened(entries: readonly SwapEntry[]): boolean {
  return hasStepBegun(entries, 'openLine');
}

/** Takes the cluster back to how it was before the cutover, whatever of it was done. */
export async function undoSwap(context: SwapContext, signal?: AbortSignal): Promise<void> {
  const state = stateOf(context.journal.entries);
  if (state === 'rehearsing' || state === 'standing') return discardSwap(context);
  const { way } = context.plan.swap;
  await during(context, 'undo', async () => {
    const isOpened = hasSwapOpened(context.journal.entries);
    const order: readonly SwapStep[] = isOpened ? UNDO_SWAP_STEPS[way] : SWAP_STEPS[way];
    const run = runOf(context, order, signal);
    await sayingWhatIsDown(context, 'undo', async () => {
      await tellBegun(context, 'recovery', 'its undo');
      if (!isOpened) await endLeftJobs(context, CUTOVER_JOBS);
      await scaleDownAgain(context, isOpened ? 'undo' : 'takeBack');
      await (isOpened ? runSteps(run) : undoSteps(run));
    });
    if (isOpened) return;
    await endWhatRehearses(context);
    await tellTakenBack(context, 'recovery');
  });
}

/** Jobs of `archiveRest` and `renameInVolume`, by what is behind the recovery's id in their names. */
const CUTOVER_JOBS = ['rest', 'swap'];

/** Short Jobs that were left, by a kill or because no pod could start: they must not work on what is taken back. */
async function endLeftJobs(context: SwapContext, jobs: readonly string[]): Promise<void> {
  const { id } = context.plan.recovery;
  for (const name of jobs) await context.uses.rehearsals.endRun(`${id}-${name}`, watchOf(context));
}

/** Stops what rehearses; what it has restored stays until it is released. */
async function endWhatRehearses(context: SwapContext): Promise<void> {
  if (factsOf(context.journal.entries, 'startRehearsal') === undefined) return;
  await context.uses.rehearsals.end(refOf(context), watchOf(context));
}

/** Stops and removes a rehearsal. The live cluster and the archive are as if it had never been. */
export async function discardSwap(context: SwapContext): Promise<void> {
  await during(context, 'discard', async () => {
    if (!hasStepBegun(context.journal.entries, 'startRehearsal')) return;
    const { rehearsals } = context.uses;
    const { ref, hasJob } = await startedSoFar(context);
    // Without a Job nothing has been restored, and what has refused it would refuse the one that removes, too.
    if (ref.place === 'inVolume' && !hasJob) return rehearsals.end(ref, watchOf(context));
    const request = ref.place === 'inVolume' ? await requestOf(context) : undefined;
    await rehearsals.discard(ref, request, watchOf(context));
  });
}

/** A start that was killed before its end was written down is found by its objects, and written down now: its Job goes next. */
async function startedSoFar(context: SwapContext): Promise<RehearsalFound> {
  const { journal } = context;
  if (isStepDone(journal.entries, 'startRehearsal')) return { ref: refOf(context), hasJob: true };
  const found = await foundRehearsal(context);
  if (found.hasJob) await journal.append({ event: 'done', step: 'startRehearsal', facts: refFacts(found.ref) });
  return found;
}

/** Runs checks in a standing rehearsal. A failed one is a result. @throws {Failure} `refused` if it does not stand. */
export async function checkSwap(context: SwapContext, checks: RehearsalChecks): Promise<readonly CheckResult[]> {
  checkHasRehearsal(context);
  return during(context, 'check', async () =>
    context.uses.rehearsals.check(await workingRehearsal(context), checks, watchOf(context)),
  );
}

/** What a pod says that has looked at a step, and has not taken it. Of anything else nobody knows how far it got. */
function isStillStanding(error: unknown): boolean {
  return (['refused', 'corrupt', 'notInArchive'] as const).some((kind) => isFailure(error, kind));
}

/** It can be stepped on to another target, or swapped in as it is. */
async function standAsBefore({ uses, plan, journal }: SwapContext, facts: StepFacts): Promise<void> {
  await replacePlan(uses.api, plan);
  await journal.append({ event: 'done', step: 'awaitRehearsal', facts });
}

/** Moves a standing rehearsal to the later target of `plan`, which is of the same id, backup and timeline. */
export async function stepSwap(context: SwapContext, plan: NamespacePlan): Promise<void> {
  checkHasRehearsal(context);
  await during(context, 'step', async () => {
    const ref = await workingRehearsal(context);
    const standing = factsOf(context.journal.entries, 'awaitRehearsal') ?? {};
    await context.journal.append({ event: 'undone', step: 'awaitRehearsal' });
    await replacePlan(context.uses.api, plan);
    const next: SwapContext = { ...context, plan };
    await context.uses.rehearsals.step(ref, volumePlanOf(plan), watchOf(next)).catch(async (error: unknown) => {
      if (isStillStanding(error)) await standAsBefore(context, standing);
      throw error;
    });
    await runSteps(runOf(next, REHEARSE_STEPS, context.uses.signal));
  });
}
