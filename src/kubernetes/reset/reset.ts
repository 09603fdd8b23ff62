/**
 * The use cases of a reset: run it, undo it, release what it keeps. Each asks the table of states, holds the Lease, and lets the
 * runner go on where the journal ends; from any machine.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { StatefulSet } from '../api/kubernetes-objects.ts';
import { hasStepBegun, stateOf } from '../../recovery/journal.ts';
import { runSteps, undoSteps, type Run, type Step } from '../../recovery/runner.ts';
import { transition, type RecoveryState } from '../../recovery/states.ts';
import { letVolumeGo, removeClaim } from '../recover/exchange-claim.ts';
import { openResetJournal, readReset, type ResetEntry } from '../recover/journal-object.ts';
import { keptClaim } from '../recover/names.ts';
import { openUnderLease } from '../recover/open-under-lease.ts';
import { beginsAnew, refuseOtherWork } from '../recover/other-work.ts';
import { podsUsing, statefulSetRef } from '../recover/pods-gone.ts';
import { claimsThatAre, type HeldClaim } from '../recover/status.ts';
import { tellBegun, tellReleased, tellStopped, tellTakenBack } from '../recover/story-of-run.ts';
import type { ResetContext, ResetUses } from './context.ts';
import type { ResetPlan } from './plan-value.ts';
import { scaleDownAgain } from './scaled-again.ts';
import { RESET_STEPS, UNDO_RESET_STEPS, type ResetStep } from './step-names.ts';
import { resetSteps } from './steps.ts';
import { undoResetSteps } from './undo-steps.ts';
import { memberToGoBackTo } from './who-led.ts';

const STEPS: Record<ResetStep, Step<ResetContext>> = { ...resetSteps, ...undoResetSteps };

/** What may be asked of a reset. */
export type ResetEvent = 'run' | 'undo' | 'release';

/** A reset that is being worked on, under the Lease. */
export interface OpenReset extends AsyncDisposable {
  readonly context: ResetContext;
}

/** Opens a reset for work. @throws {Failure} `conflict` while another run works on this StatefulSet, `usage` if there is none. */
export async function openReset(
  uses: ResetUses,
  id: string,
  onEntry?: (entry: ResetEntry) => void,
): Promise<OpenReset> {
  const { plan: stored } = await readReset(uses.api, id);
  return openUnderLease(uses, stored.swap.statefulSet.name, (now) => openResetJournal(uses.api, id, now, onEntry));
}

/** The states are those of a recovery, of which a reset has no rehearsal. @throws {Failure} `refused`. */
export function resetTransition(id: string, state: RecoveryState, event: ResetEvent) {
  if (state === 'planned' && event === 'run') return { during: 'cuttingOver', after: 'recovered' } as const;
  if (state === 'cuttingOver' || state === 'recovered' || state === 'undoing' || state === 'undone') {
    const isRun = event === 'run' && state === 'cuttingOver';
    if (isRun || event !== 'run') return transition(id, state, event === 'run' ? 'cutOver' : event);
  }
  if (state === 'released' && event === 'release') return transition(id, state, event);
  const words: Partial<Record<RecoveryState, string>> = {
    planned: 'nothing of it has been done',
    released: 'what it kept has been released, or was begun to be',
    recovered: 'it is done',
    undoing: 'its undo has begun',
    undone: 'it has been undone',
  };
  throw new Failure('refused', {
    message: `cannot ${event} reset ${id}: ${words[state] ?? state}`,
    remedy:
      state === 'undoing'
        ? `Finish the undo:  walkback undo ${id}`
        : state === 'released'
          ? `See what is left:  walkback recover status ${id}`
          : 'Make a new plan:  walkback cluster reset',
  });
}

async function during(context: ResetContext, event: ResetEvent, work: () => Promise<void>): Promise<void> {
  const { journal, plan } = context;
  const state = stateOf(journal.entries);
  const goes = resetTransition(plan.recovery.id, state, event);
  if (goes.during !== state) {
    if (event !== 'release' && beginsAnew(state))
      await refuseOtherWork(context.uses.api, plan.swap.statefulSet.name, plan.recovery.id);
    await journal.append({ event: 'state', state: goes.during });
  }
  await work();
  if (goes.after !== stateOf(journal.entries)) await journal.append({ event: 'state', state: goes.after });
}

function runOf(context: ResetContext, order: readonly ResetStep[], signal?: AbortSignal): Run<ResetContext, ResetStep> {
  const both = [signal, context.uses.signal].filter((one) => one !== undefined);
  return { steps: STEPS, order, journal: context.journal, context, signal: AbortSignal.any(both) };
}

async function tellingStops(context: ResetContext, work: () => Promise<void>): Promise<void> {
  const { uses, plan } = context;
  try {
    await work();
  } catch (error) {
    const found = await uses.api.get<StatefulSet>(statefulSetRef(plan.swap.statefulSet.name)).catch(() => undefined);
    if (found !== undefined) await tellStopped(context, 'reset', error, (found.status?.readyReplicas ?? 0) > 0);
    throw error;
  }
}

/** Runs it, or goes on with it. */
export async function runReset(context: ResetContext, signal?: AbortSignal): Promise<void> {
  await during(context, 'run', () =>
    tellingStops(context, async () => {
      await tellBegun(context, 'reset', 'it');
      await scaleDownAgain(context, 'run');
      await runSteps(runOf(context, RESET_STEPS, signal));
    }),
  );
}

/** From here on there is a new cluster, whose data is kept by an undo too. */
export function hasStartedAnew(entries: readonly ResetEntry[]): boolean {
  return hasStepBegun(entries, 'startAnew');
}

/**
 * Takes the cluster back to how it was before, whatever of the reset was done.
 *
 * @throws {Failure} `refused` before anything is stopped if nobody knows whose data is to go live again.
 */
export async function undoReset(context: ResetContext, signal?: AbortSignal): Promise<void> {
  const { plan, journal } = context;
  resetTransition(plan.recovery.id, stateOf(journal.entries), 'undo');
  if (hasStartedAnew(journal.entries)) await memberToGoBackTo(context);
  await during(context, 'undo', () =>
    tellingStops(context, async () => {
      await tellBegun(context, 'reset', 'its undo');
      const isStarted = hasStartedAnew(context.journal.entries);
      await scaleDownAgain(context, isStarted ? 'undo' : 'takeBack');
      if (isStarted) return runSteps(runOf(context, UNDO_RESET_STEPS, signal));
      await undoSteps(runOf(context, RESET_STEPS, signal));
      await tellTakenBack(context, 'reset');
    }),
  );
}

/** Claims by which a reset keeps data, by their names, whether or not they are there. */
export function resetHeldNames({ recovery, swap }: ResetPlan): Pick<HeldClaim, 'name' | 'holds'>[] {
  const named = (holds: 'kept' | 'replaced', words: HeldClaim['holds']) =>
    swap.members.map(({ ordinal }) => ({ name: keptClaim(recovery.id, holds, ordinal), holds: words }));
  return [...named('kept', 'data from before'), ...named('replaced', 'the new cluster, replaced by the undo')];
}

/** What a release would remove. @throws {Failure} `refused` if the reset is not over, or if a pod uses what it keeps. */
export async function resetReleasePlan({ uses, plan, journal }: ResetContext): Promise<readonly HeldClaim[]> {
  const { id } = plan.recovery;
  resetTransition(id, stateOf(journal.entries), 'release');
  const claims = await claimsThatAre(uses.api, resetHeldNames(plan));
  const [user] = await podsUsing(
    uses.api,
    claims.map(({ name }) => name),
  );
  if (user === undefined) return claims;
  throw new Failure('refused', {
    message: `cannot release what reset ${id} keeps: pod ${user.metadata?.name} uses it`,
    remedy: 'See what it is; remove it, if that is right, then release again.',
  });
}

/** Removes what {@link resetReleasePlan} names, and nothing else: archives, plan and journal stay. */
export async function releaseReset(context: ResetContext): Promise<readonly HeldClaim[]> {
  const claims = await resetReleasePlan(context);
  await during(context, 'release', async () => {
    for (const { name, volume } of claims) {
      if (volume !== '') await letVolumeGo(context.uses.api, volume);
      await removeClaim(context.uses.api, name, volume);
    }
  });
  await tellReleased(context, 'reset');
  return claims;
}
