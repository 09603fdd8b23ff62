/**
 * Removes what a recovery that is over has kept; undo is not possible afterwards.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { hasStepBegun, stateOf } from '../../recovery/journal.ts';
import { transition } from '../../recovery/states.ts';
import { removePolicyOfEnded } from '../carry/carrier.ts';
import type { SwapContext } from './context.ts';
import { letVolumeGo, removeClaim } from './exchange-claim.ts';
import { journalOwner } from './journal-object.ts';
import { liveShapeOf } from './live-shape.ts';
import { podsUsing } from './pods-gone.ts';
import { watchOf } from './rehearsal-of-plan.ts';
import { tellReleased } from './story-of-run.ts';
import { heldClaims, type HeldClaim } from './status.ts';

/** What is removed: claims with their volumes, or folders in the live volume. */
export interface SwapRelease {
  readonly claims: readonly HeldClaim[];
  /** Of which recovery's folders in the live volume are removed. */
  readonly foldersIn: string | undefined;
}

/**
 * What a release would remove.
 *
 * @throws {Failure} `refused` if the recovery is not over, or if a pod uses what it keeps.
 */
export async function swapReleasePlan(context: SwapContext): Promise<SwapRelease> {
  const { uses, plan, journal } = context;
  transition(plan.recovery.id, stateOf(journal.entries), 'release');
  if (plan.swap.way === 'in-volume') return { claims: [], foldersIn: plan.swap.rehearsalClaim };
  const claims = await heldClaims(uses.api, plan, journal.entries);
  const [user] = await podsUsing(
    uses.api,
    claims.map(({ name }) => name),
  );
  if (user === undefined) return { claims, foldersIn: undefined };
  throw new Failure('refused', {
    message: `cannot release what recovery ${plan.recovery.id} keeps: pod ${user.metadata?.name} uses it`,
    remedy: 'See what it is; remove it, if that is right, then release again.',
  });
}

/** What was swapped in is no rehearsal any more: its tablespaces are the live data's. */
function leftIn({ journal }: SwapContext): readonly ('kept' | 'replaced' | 'rehearsal')[] {
  return hasStepBegun(journal.entries, 'openLine') ? ['kept', 'replaced'] : ['replaced', 'rehearsal'];
}

async function removeFolders(context: SwapContext): Promise<void> {
  const { uses, plan } = context;
  const { id } = plan.recovery;
  const { walkback, archive } = plan.swap;
  await uses.rehearsals.run(
    {
      name: `${id}-release`,
      live: await liveShapeOf(context),
      walkback,
      archive,
      owner: { ...(await journalOwner(uses.api, id)) },
      tasks: leftIn(context).map((what) => ({ do: 'remove', id, what })),
    },
    watchOf(context),
  );
}

/** Removes what {@link swapReleasePlan} names, and nothing else; plan and journal stay. */
export async function releaseSwap(context: SwapContext): Promise<SwapRelease> {
  const release = await swapReleasePlan(context);
  const { uses, plan, journal } = context;
  const state = stateOf(journal.entries);
  const goes = transition(plan.recovery.id, state, 'release');
  if (goes.during !== state) await journal.append({ event: 'state', state: goes.during });
  const isRetained = plan.swap.way === 'rebind' || plan.swap.way === 'clone';
  for (const { name, volume } of release.claims) {
    if (volume !== '' && isRetained) await letVolumeGo(uses.api, volume);
    await removeClaim(uses.api, name, volume);
  }
  if (release.foldersIn !== undefined) await removeFolders(context);
  // Said once more, now that nothing is left: see isReleaseUnfinished.
  await journal.append({ event: 'state', state: goes.after });
  await tellReleased(context, 'recovery');
  await removePolicyOfEnded(uses.api, plan.recovery.id);
  return release;
}
