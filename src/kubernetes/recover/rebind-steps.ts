/**
 * *rebind*: the rehearsed volume is bound to the live claim's name, and every member's own volume to a claim that keeps it.
 *
 * Which volumes are in play is written down before the first is moved (`volumes-before.ts`), so that each step can be done again from
 * anywhere.
 *
 * @module
 */

import type { StepFacts } from '../../recovery/journal.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { claimsInPlay, factOf, type SwapContext, type WorkContext } from './context.ts';
import {
  claimRef,
  exchangeClaim,
  exchangeEach,
  letVolumeGo,
  retainVolume,
  volumeOfClaim,
  type Exchange,
} from './exchange-claim.ts';
import { keptClaim } from './names.ts';
import { labelsOf } from '../rehearse/rehearsal-names.ts';
import { everyClaim } from './plan-value.ts';
import { checkStillDown } from './pods-gone.ts';
import { isOfVolumes } from './step-names.ts';
import { ifThere, ledMember, ownVolume, retainMembers, volumeAt, volumeToKeep } from './volumes-before.ts';

/** Every volume in play is kept when its claim goes, before anything is stopped. */
export async function retainVolumes(context: SwapContext): Promise<StepFacts> {
  const { clone, rehearsalClaim } = context.plan.swap;
  // A clone has none: what it restores goes to a claim that the StatefulSet makes.
  const rehearsed = clone === undefined ? await volumeOfClaim(context.uses.api, rehearsalClaim) : '';
  if (clone === undefined) await retainVolume(context.uses.api, rehearsed);
  return { rehearsed, volumes: await retainMembers(context, ledMember(context)) };
}

/** The volumes that the members have now, which an undo puts aside. */
export async function retainNow(context: WorkContext): Promise<StepFacts> {
  return { volumes: await retainMembers(context) };
}

/** The volume of a claim goes with it again, if it did before. That of a claim which is going does not: nothing else holds it. */
async function letClaimGo({ uses: { api } }: WorkContext, claim: string): Promise<void> {
  const { metadata, spec } = (await api.get<PersistentVolumeClaim>(claimRef(claim))) ?? {};
  const volume = spec?.volumeName ?? '';
  if (volume !== '' && metadata?.deletionTimestamp === undefined) await letVolumeGo(api, volume);
}

/** What {@link retainNow} has kept goes with its claim again, if it did before. It may have been broken off in the middle. */
export async function letMembersGo(context: WorkContext): Promise<void> {
  for (const { claim } of everyClaim(context.plan.swap)) await letClaimGo(context, claim);
}

/** The claim under which a volume is put aside, and what it says of itself. */
export function aside(
  context: WorkContext,
  holds: 'kept' | 'replaced',
  ordinal: number,
  volume: string | undefined,
): Exchange['outgoing'] {
  if (volume === undefined) return undefined;
  const { id } = context.plan.recovery;
  const { name } = context.plan.swap.statefulSet;
  const words = holds === 'kept' ? 'the data from before' : 'recovered data that an undo has put aside, of';
  return {
    volume,
    toClaim: keptClaim(id, holds, ordinal),
    labels: labelsOf(id),
    annotations: {
      'walkback/holds': `${words} recovery ${id}, member ${name}-${ordinal}`,
      ...(holds === 'kept' ? { 'walkback/undo': `walkback undo ${id}` } : {}),
      'walkback/release': `walkback release ${id}`,
    },
  };
}

export function liveLabels({ plan }: WorkContext): Record<string, string> {
  return { ...plan.swap.live.claim.metadata?.labels };
}

/** The rehearsed volume becomes the first member's; every member's own is kept. All claims at once, as the cluster is down. */
export async function exchangeVolumes(context: SwapContext): Promise<StepFacts> {
  const { api } = context.uses;
  const { statefulSet, rehearsalClaim } = context.plan.swap;
  const rehearsed = factOf(context, 'retainVolumes', 'rehearsed');
  await checkStillDown(api, statefulSet.name, claimsInPlay(context));
  await exchangeEach(everyClaim(context.plan.swap), async (member) =>
    exchangeClaim(api, {
      claim: member.claim,
      labels: liveLabels(context),
      incoming: member.ordinal === 0 && rehearsed !== '' ? { volume: rehearsed, fromClaim: rehearsalClaim } : undefined,
      outgoing: aside(context, 'kept', member.ordinal, await volumeToKeep(context, 'survey', member, rehearsed)),
    }),
  );
  return { live: rehearsed };
}

/** Before anybody knows the new line: every member gets its own volume back, and the rehearsed one its claim. */
export async function takeExchangeBack(context: SwapContext): Promise<void> {
  const { api } = context.uses;
  const { id } = context.plan.recovery;
  const { statefulSet, rehearsalClaim } = context.plan.swap;
  const rehearsed = factOf(context, 'retainVolumes', 'rehearsed');
  await checkStillDown(api, statefulSet.name, claimsInPlay(context));
  for (const member of everyClaim(context.plan.swap)) {
    const own = await ownVolume(context, 'survey', member);
    const back = aside(context, 'replaced', member.ordinal, rehearsed === '' ? undefined : rehearsed);
    await exchangeClaim(api, {
      claim: member.claim,
      labels: liveLabels(context),
      incoming: own === undefined ? undefined : { volume: own, fromClaim: keptClaim(id, 'kept', member.ordinal) },
      outgoing: member.ordinal === 0 && back !== undefined ? { ...back, toClaim: rehearsalClaim } : undefined,
    });
  }
}

/** What {@link retainVolumes} has kept goes with its claim again, all claims being back. It may have been broken off in the middle. */
export async function letVolumesGo(context: SwapContext): Promise<void> {
  await letMembersGo(context);
  const { clone, rehearsalClaim } = context.plan.swap;
  if (clone === undefined) await letClaimGo(context, rehearsalClaim);
}

/**
 * After the new line has opened: the volume that led becomes the first member's, and what is there now is put aside. Other
 * members begin anew, from the leader: what they had before the recovery stays kept. What a scale-down had left is back where it was.
 */
export async function exchangeBack(context: SwapContext): Promise<StepFacts> {
  const { api } = context.uses;
  const { id } = context.plan.recovery;
  const { statefulSet, leftOver = [] } = context.plan.swap;
  await checkStillDown(api, statefulSet.name, claimsInPlay(context));
  const led = ledMember(context);
  const volume = await ownVolume(context, 'survey', led);
  for (const member of everyClaim(context.plan.swap)) {
    const source = member.ordinal === 0 ? led : leftOver.find(({ ordinal }) => ordinal === member.ordinal);
    const back = source === undefined ? undefined : await ownVolume(context, 'survey', source);
    const now = await ifThere(context, member, volumeAt(context, 'undoRetainVolumes', member));
    await exchangeClaim(api, {
      claim: member.claim,
      labels: liveLabels(context),
      incoming:
        source === undefined || back === undefined
          ? undefined
          : { volume: back, fromClaim: keptClaim(id, 'kept', source.ordinal) },
      outgoing: aside(context, 'replaced', member.ordinal, now),
    });
  }
  return { live: volume ?? '' };
}

/** What is live goes with its claim again, if that of before did. A way without rights on volumes has changed none. */
export async function settle(context: WorkContext): Promise<StepFacts> {
  const { way, members, leftOver = [] } = context.plan.swap;
  if (way !== undefined && !isOfVolumes(way)) return {};
  const volumes: string[] = [];
  for (const { claim } of [...members.slice(0, 1), ...leftOver]) {
    const volume = await volumeOfClaim(context.uses.api, claim);
    if (volume !== '') await letVolumeGo(context.uses.api, volume);
    volumes.push(volume);
  }
  return { volume: volumes[0] ?? '' };
}
