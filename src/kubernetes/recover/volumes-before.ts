/**
 * Which volume each member had before anything was exchanged.
 *
 * They are written down twice. At first, before anything is stopped, so that each is kept when its claim goes; and once the cluster is
 * down: until then a member may have been made anew, on another volume, and from then on none is. The second list counts; a journal of
 * an earlier version has the first alone.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { factsOf, type StepFacts } from '../../recovery/journal.ts';
import { kubectlIn } from '../api/kubectl-line.ts';
import { factOf, type WorkContext, type WorkStep } from './context.ts';
import { isVolumeThere, removeClaim, retainVolume, volumeOfClaim } from './exchange-claim.ts';
import { keptClaim } from './names.ts';
import { everyClaim, type PlannedMember } from './plan-value.ts';
import { surveyedLeader, surveyedVolume, type SurveyStep } from './survey.ts';

/** Where they are written down, the last first. */
const WRITTEN = {
  survey: ['scaleDown', 'retainVolumes'],
  resetSurvey: ['resetScaleDown', 'resetRetainVolumes'],
} as const satisfies Partial<Record<SurveyStep, readonly WorkStep[]>>;

/** A survey before the first exchange. */
export type FirstSurvey = keyof typeof WRITTEN;

/** The member that led when the cutover began: its data is what an undo goes back to. @param at where that was looked at. */
export function ledMember(context: WorkContext, at: SurveyStep = 'survey'): PlannedMember {
  const { members, leader } = context.plan.swap;
  const pod = surveyedLeader(context, at) ?? leader;
  const found = members.find((member) => member.pod === pod) ?? members[0];
  if (found === undefined) throw new TypeError('a plan has at least one member');
  return found;
}

/**
 * The volumes of the members' claims, each kept from now on when its claim goes. One that has been removed is nothing to keep.
 *
 * @param led whose volume must be there. @throws {Failure} `failed` if it has been removed.
 */
export async function retainMembers(context: WorkContext, led?: PlannedMember): Promise<string> {
  const { api } = context.uses;
  const volumes: string[] = [];
  for (const member of everyClaim(context.plan.swap)) {
    const volume = await volumeOfClaim(api, member.claim);
    if (volume !== '' && (member === led || (await isVolumeThere(api, volume)))) await retainVolume(api, volume);
    volumes.push(volume);
  }
  return volumes.join(',');
}

/** A member's volume when a step has looked; `undefined`: it had none. */
export function volumeAt(context: WorkContext, step: WorkStep, { ordinal }: PlannedMember): string | undefined {
  const at = everyClaim(context.plan.swap).findIndex((member) => member.ordinal === ordinal);
  const volume = factOf(context, step, 'volumes').split(',')[at];
  return volume === '' ? undefined : volume;
}

function writtenVolume(context: WorkContext, at: FirstSurvey, member: PlannedMember): string | undefined {
  const [last, first] = WRITTEN[at];
  const isThere = factsOf(context.journal.entries, last)?.['volumes'] !== undefined;
  return volumeAt(context, isThere ? last : first, member);
}

function madeAnew({ uses, plan }: WorkContext, { pod, claim }: PlannedMember, now: string, led: string): Failure {
  return new Failure('conflict', {
    message: `cannot exchange the volumes of ${plan.swap.statefulSet.name}: ${pod} led on the volume ${led}, and its claim ${claim} is bound to ${now} by now`,
    remedy: `Somebody has made that claim anew since. Look at what is on it. If nothing of it is needed, remove it, and go on:\n${kubectlIn(uses.api.where)} delete persistentvolumeclaim ${claim}\nOr go back:  walkback undo ${plan.recovery.id}`,
  });
}

/** Of one whose claim is gone, what it had: that is kept, if nobody has removed it. */
async function volumeOnceDown(context: WorkContext, at: FirstSurvey, member: PlannedMember): Promise<string> {
  const { api } = context.uses;
  const isLed = member === ledMember(context, at);
  const led = isLed ? surveyedVolume(context, at) : undefined;
  const now = await volumeOfClaim(api, member.claim);
  if (now !== '' && led !== undefined && now !== led) throw madeAnew(context, member, now, led);
  const volume = now === '' ? (led ?? volumeAt(context, WRITTEN[at][1], member) ?? '') : now;
  if (volume === '' || (!isLed && !(await isVolumeThere(api, volume)))) return '';
  await retainVolume(api, volume);
  return volume;
}

/**
 * Looks at the members' volumes once the cluster is down, keeps each, and says which they are.
 *
 * @throws {Failure} `conflict` if the one that led has another by now, `failed` if its volume has been removed.
 */
export async function retainOnceDown(context: WorkContext, at: FirstSurvey): Promise<StepFacts> {
  const volumes: string[] = [];
  for (const member of everyClaim(context.plan.swap)) volumes.push(await volumeOnceDown(context, at, member));
  return { volumes: volumes.join(',') };
}

/**
 * The volume that was a member's before, wherever it is bound now; `undefined`: none is left. That of a member which did not lead may
 * have been removed: it was a copy, and keeps nobody from going on or back.
 */
export async function ownVolume(
  context: WorkContext,
  at: FirstSurvey,
  member: PlannedMember,
): Promise<string | undefined> {
  const { api } = context.uses;
  const written = writtenVolume(context, at, member);
  if (written !== undefined && (member === ledMember(context, at) || (await isVolumeThere(api, written))))
    return written;
  const kept = await volumeOfClaim(api, keptClaim(context.plan.recovery.id, 'kept', member.ordinal));
  return kept === '' || !(await isVolumeThere(api, kept)) ? undefined : kept;
}

/** This volume, if it is there still; a claim that holds nothing any more is in nobody's way then. */
export async function ifThere(
  { uses: { api } }: WorkContext,
  { claim }: PlannedMember,
  volume: string | undefined,
): Promise<string | undefined> {
  if (volume === undefined || (await isVolumeThere(api, volume))) return volume;
  await removeClaim(api, claim, volume);
  return undefined;
}

/**
 * The volume of a member that is put aside. Where that which was written down is gone, it is the one that its claim has: a member must
 * not begin with the history that is left.
 *
 * @param comes the volume that its claim is given.
 */
export async function volumeToKeep(
  context: WorkContext,
  at: FirstSurvey,
  member: PlannedMember,
  comes: string,
): Promise<string | undefined> {
  const own = await ownVolume(context, at, member);
  if (own !== undefined) return own;
  const now = await volumeOfClaim(context.uses.api, member.claim);
  return now === '' || now === comes ? undefined : ifThere(context, member, now);
}
