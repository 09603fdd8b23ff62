/**
 * What there is before a cutover, an undo or a reset changes anything, and what must not be: who leads, and whom or what nobody has
 * planned for. Each looks when it begins: that may have changed since the plan.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import { factsOf, hasStepBegun, stateOf, type StepFacts } from '../../recovery/journal.ts';
import { checkNoNewTimeline } from '../../recovery/new-timelines.ts';
import type { Pod, StatefulSet } from '../api/kubernetes-objects.ts';
import type { SwapContext, WorkContext, WorkStep } from './context.ts';
import { volumeOfClaim } from './exchange-claim.ts';
import { refuseOtherUsers } from './other-users.ts';
import { readPatroniState, type PatroniState } from './patroni-objects.ts';
import { pausePatroni } from './pause-patroni.ts';
import { podRef, statefulSetRef } from './pods-gone.ts';
import { refuseScaledDelete } from './scaled-delete.ts';
import { refuseUnledRemoval } from './unled-removal.ts';
import { refuseUnplannedClaims, type Doing } from './unplanned-claims.ts';

/** One that is being removed may be gone at any moment. */
export async function isRunning({ uses }: WorkContext, pod: string): Promise<boolean> {
  const found = await uses.api.get<Pod>(podRef(pod));
  return found?.status?.phase === 'Running' && found.metadata?.deletionTimestamp === undefined;
}

/**
 * The pod that takes writes, if one does: Patroni's leader; where there is no Patroni, the first.
 *
 * @throws {Failure} `refused` if that is a member that came after the plan: no step exchanges or archives what it has written.
 */
async function findLeader(context: WorkContext, state: PatroniState | undefined): Promise<string | undefined> {
  const { patroni, statefulSet, members } = context.plan.swap;
  const named = patroni === null ? `${statefulSet.name}-0` : state?.leader;
  if (named === undefined || !(await isRunning(context, named))) return undefined;
  if (members.some(({ pod }) => pod === named)) return named;
  throw refused(
    context,
    `${named} leads, which is no member in the plan`,
    `Let a member lead that is, and run this again:  patronictl switchover ${patroni?.scope ?? ''} --leader ${named} --candidate ${statefulSet.name}-0`,
  );
}

function refused(context: WorkContext, found: string, remedy: string): Failure {
  const { namespace, statefulSet } = context.plan.swap;
  return new Failure('refused', {
    message: `cannot exchange the data of ${namespace}/${statefulSet.name} now: ${found}`,
    remedy,
  });
}

/** The volume that a member leads on; empty if there is no such member. Its claim may be made anew later. */
async function volumeOfLeader({ uses, plan }: WorkContext, leader: string): Promise<string> {
  const member = plan.swap.members.find(({ pod }) => pod === leader);
  return member === undefined ? '' : volumeOfClaim(uses.api, member.claim);
}

/**
 * What there is before anything is changed: it is the StatefulSet of the plan, nobody is switching over, and who leads.
 *
 * @throws {Failure} `refused` if it may not be cut over now.
 */
export async function survey(context: WorkContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { statefulSet, patroni } = plan.swap;
  const found = await uses.api.get<StatefulSet>(statefulSetRef(statefulSet.name));
  // One that was made anew around other claims is another object, and the same cluster.
  const isMadeAnew = hasStepBegun(context.journal.entries, 'recreateStatefulSet');
  if (found === undefined || (!isMadeAnew && found.metadata?.uid !== statefulSet.uid))
    throw refused(context, 'it is not the StatefulSet that was planned for', planAgain(context));
  refuseScaledDelete(uses.api.where, found);
  await refuseOtherUsers(context);
  const state = patroni === null ? undefined : await readPatroniState(uses.api, patroni);
  if (state?.isStandbyCluster === true)
    throw refused(context, 'it is a standby cluster', 'Recover the cluster that it follows.');
  if (state?.isSwitchingOver === true)
    throw refused(context, 'a switchover is under way', 'Let it come to its end, or cancel it; then run this again.');
  // One that has crashed has the leader's lock still, and is started.
  if (state !== undefined && state.leader === undefined) await refuseUnledRemoval(uses.api, plan);
  const leader = (await findLeader(context, state)) ?? '';
  return {
    leader,
    volume: await volumeOfLeader(context, leader),
    wasPaused: state?.isPaused === true,
    replicas: found.spec?.replicas ?? 0,
  };
}

/**
 * Nobody has come, or has taken over, since the plan: no step exchanges or archives what is on claims that are not in it.
 *
 * @throws {Failure} `refused` if somebody has.
 */
export async function refuseUnplanned(context: SwapContext, doing: Doing): Promise<void> {
  const { uses, plan } = context;
  const { patroni } = plan.swap;
  const state = patroni === null ? undefined : await readPatroniState(uses.api, patroni);
  const leader = await findLeader(context, state);
  await refuseUnplannedClaims(uses.api, plan, { doing, isLed: leader !== undefined });
  if (state === undefined || state.leader !== undefined) return;
  // Under our own pause nobody has taken over whom the survey did not find.
  const at = doing === 'undo' ? 'undoSurvey' : 'survey';
  const isHeldByUs = state.isPaused && !wasPaused(context, at) && surveyedLeader(context, at) !== undefined;
  if (!isHeldByUs) await refuseUnledRemoval(uses.api, plan);
}

/**
 * A rehearsal refuses to be finished once the archive has a timeline that it did not have when it was planned; it would with the cluster
 * down. A clone's new line goes to another archive.
 *
 * @throws {Failure} `refused`.
 */
export async function refuseNewTimeline(context: SwapContext): Promise<void> {
  const { uses, plan } = context;
  if (plan.swap.clone !== undefined) return;
  await checkNoNewTimeline({ uses, plan: plan.recovery }).catch((error: unknown) => {
    if (!isFailure(error, 'refused')) throw error;
    throw new Failure('refused', {
      message: error.message,
      remedy: `A failover or another recovery has happened. ${planAgain(context)}`,
      cause: error,
    });
  });
}

/** Nothing is planned while this one is half done. */
function planAgain({ plan, journal }: WorkContext): string {
  const { id } = plan.recovery;
  const undo = stateOf(journal.entries) === 'planned' ? '' : `Undo this one:  walkback undo ${id}\n`;
  return `${undo}Then make a new plan:  walkback recover plan`;
}

/** What `survey` (or `undoSurvey`) found. */
export function surveyed({ journal }: WorkContext, step: WorkStep): StepFacts {
  return factsOf(journal.entries, step) ?? {};
}

/** Where it was paused, after each survey. */
const PAUSED_AT = { survey: 'pause', undoSurvey: 'undoPause', resetSurvey: 'resetPause' } as const;

/** A survey. */
export type SurveyStep = keyof typeof PAUSED_AT;

/** When it was looked last who led, and somebody did. */
function whoLed(context: WorkContext, step: SurveyStep): StepFacts {
  const looks = [PAUSED_AT[step], step].map((one) => surveyed(context, one));
  return looks.find(({ leader }) => typeof leader === 'string' && leader !== '') ?? {};
}

/** The pod that led when Patroni was paused, which nobody takes over from then on; else when the survey was made. `undefined`: none did. */
export function surveyedLeader(context: WorkContext, step: SurveyStep): string | undefined {
  const { leader } = whoLed(context, step);
  return leader === undefined ? undefined : String(leader);
}

/** The volume that it led on. `undefined`: none did, or an earlier version has not written it down. */
export function surveyedVolume(context: WorkContext, step: SurveyStep): string | undefined {
  const { volume } = whoLed(context, step);
  return volume === undefined || volume === '' ? undefined : String(volume);
}

/** Somebody else had paused it before. @param at where that was looked at. */
export function wasPaused(context: WorkContext, at: SurveyStep = 'survey'): boolean {
  return surveyed(context, at)['wasPaused'] === true;
}

/**
 * Only pod 0 has the claim that the way works in; claims of others are removed as copies of it.
 *
 * @throws {Failure} `refused` if another has taken over since.
 */
function checkLeads(context: WorkContext, leader: string): void {
  const { way, statefulSet } = context.plan.swap;
  const first = `${statefulSet.name}-0`;
  const needsFirst = way === 'in-volume' || (way === 'recreate' && stateOf(context.journal.entries) !== 'undoing');
  if (!needsFirst || leader === '' || leader === first) return;
  throw refused(
    context,
    `${leader} leads by now, and the way ${way} needs ${first} to`,
    `Switch over, which a paused Patroni does too, then run this again:  patronictl switchover --candidate ${first}`,
  );
}

/**
 * Pauses Patroni, so that no other member takes over what is stopped; and looks who leads, since that may have changed before.
 *
 * @throws {Failure} `refused` if that may not be cut over: nothing has been stopped.
 */
export async function pause(context: WorkContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { patroni, members, live } = plan.swap;
  if (patroni === null) return { skipped: 'no Patroni' };
  const pods = members.map(({ pod }) => pod);
  const { acknowledged, passedOver } = await pausePatroni(uses, { patroni, pods, container: live.container });
  const state = await readPatroniState(uses.api, patroni);
  // One that does not run is started, as long as it is one of the plan.
  await findLeader(context, state);
  const ours = members.find(({ pod }) => pod === state.leader)?.pod ?? '';
  checkLeads(context, ours);
  const volume = await volumeOfLeader(context, ours);
  return { acknowledged: acknowledged.join(', '), passedOver: passedOver.join(', '), leader: ours, volume };
}
