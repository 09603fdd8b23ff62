/**
 * Pods of somebody else that use a claim which is going to be exchanged. They would be waited for with the cluster down: they are told of
 * while it is up.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { kubectlIn } from '../api/kubectl-line.ts';
import type { WhereWeAre } from '../api/kubernetes-api.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import { hasEnded } from '../rehearse/look-at-pod.ts';
import { RECOVERY_LABEL } from '../rehearse/rehearsal-names.ts';
import { claimsInPlay, type WorkContext } from './context.ts';
import { ordinalOf } from './names.ts';
import { podsUsing } from './pods-gone.ts';

function remedyOf(where: WhereWeAre, { metadata }: Pod): string {
  const id = metadata?.labels?.[RECOVERY_LABEL];
  if (id !== undefined) return `It is of recovery ${id}. If that is not needed:  walkback rehearse --discard ${id}`;
  const kubectl = kubectlIn(where);
  return `See what it is:  ${kubectl} describe pod ${metadata?.name}\nEnd what has made it; or, if nothing has:  ${kubectl} delete pod ${metadata?.name}\nThen run this again.`;
}

/** @throws {Failure} `refused` if there is one. Short Jobs of other plans that are over go by themselves. */
export async function refuseOtherUsers(context: WorkContext): Promise<void> {
  const { api } = context.uses;
  const { statefulSet } = context.plan.swap;
  const isOwn = (pod: Pod): boolean => {
    const { name = '', labels } = pod.metadata ?? {};
    const id = labels?.[RECOVERY_LABEL];
    return (
      ordinalOf(name, statefulSet.name) !== undefined ||
      id === context.plan.recovery.id ||
      (id !== undefined && hasEnded(pod))
    );
  };
  const found = (await podsUsing(api, claimsInPlay(context))).find((pod) => !isOwn(pod));
  if (found === undefined) return;
  const { namespace } = api.where;
  throw new Failure('refused', {
    message: `cannot exchange the data of ${namespace}/${statefulSet.name} now: pod ${found.metadata?.name} uses a volume of it, and would be waited for with the cluster down`,
    remedy: remedyOf(api.where, found),
  });
}
