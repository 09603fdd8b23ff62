/**
 * Volumes in a reset: each member's own is put aside under a claim that says what it is, and the StatefulSet makes new ones.
 *
 * @module
 */

import type { StepFacts } from '../../recovery/journal.ts';
import { claimsInPlay } from '../recover/context.ts';
import { exchangeClaim, exchangeEach } from '../recover/exchange-claim.ts';
import { keptClaim } from '../recover/names.ts';
import { checkStillDown } from '../recover/pods-gone.ts';
import { aside, liveLabels } from '../recover/rebind-steps.ts';
import { ifThere, ownVolume, volumeAt, volumeToKeep } from '../recover/volumes-before.ts';
import type { ResetContext } from './context.ts';
import { memberToGoBackTo } from './who-led.ts';

/** Every member's volume goes to a claim that keeps it; their own names become free. */
export async function keepVolumes(context: ResetContext): Promise<StepFacts> {
  const { api } = context.uses;
  const { statefulSet, members } = context.plan.swap;
  await checkStillDown(api, statefulSet.name, claimsInPlay(context));
  await exchangeEach(members, async (member) =>
    exchangeClaim(api, {
      claim: member.claim,
      labels: liveLabels(context),
      incoming: undefined,
      outgoing: aside(context, 'kept', member.ordinal, await volumeToKeep(context, 'resetSurvey', member, '')),
    }),
  );
  return { kept: members.map(({ ordinal }) => keptClaim(context.plan.recovery.id, 'kept', ordinal)).join(', ') };
}

/** Before the new cluster was started: every member gets its own volume back. */
export async function takeVolumesBack(context: ResetContext): Promise<void> {
  const { api } = context.uses;
  const { id } = context.plan.recovery;
  const { statefulSet, members } = context.plan.swap;
  await checkStillDown(api, statefulSet.name, claimsInPlay(context));
  for (const member of members) {
    const volume = await ownVolume(context, 'resetSurvey', member);
    if (volume === undefined) continue;
    await exchangeClaim(api, {
      claim: member.claim,
      labels: liveLabels(context),
      incoming: { volume, fromClaim: keptClaim(id, 'kept', member.ordinal) },
      outgoing: undefined,
    });
  }
}

/**
 * After the new cluster was started: its volumes are put aside, and the one that led becomes the first member's. Other members begin
 * anew, from that; what they had stays kept.
 */
export async function exchangeForKept(context: ResetContext): Promise<StepFacts> {
  const { api } = context.uses;
  const { id } = context.plan.recovery;
  const { statefulSet, members } = context.plan.swap;
  await checkStillDown(api, statefulSet.name, claimsInPlay(context));
  const led = await memberToGoBackTo(context);
  const volume = await ownVolume(context, 'resetSurvey', led);
  for (const member of members) {
    const isFirst = member.ordinal === 0;
    const now = await ifThere(context, member, volumeAt(context, 'undoResetRetainVolumes', member));
    await exchangeClaim(api, {
      claim: member.claim,
      labels: liveLabels(context),
      incoming: isFirst && volume !== undefined ? { volume, fromClaim: keptClaim(id, 'kept', led.ordinal) } : undefined,
      outgoing: aside(context, 'replaced', member.ordinal, now),
    });
  }
  return { live: volume ?? '' };
}
