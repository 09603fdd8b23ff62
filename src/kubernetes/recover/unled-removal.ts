/**
 * *in-volume* removes the claims of all members but the first, as copies of what the first has. Where nobody leads, another of them may
 * be ahead of it.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { kubectlIn } from '../api/kubectl-line.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { claimRef } from './exchange-claim.ts';
import { everyClaim, type WorkPlan } from './plan-value.ts';

type Planned = Pick<WorkPlan['swap'], 'way' | 'members' | 'leftOver' | 'statefulSet'>;

/** @throws {Failure} `refused` if such claims are there, naming them. Called where nobody leads. */
export async function refuseUnledRemoval(
  api: KubernetesApi,
  { recovery: { id }, swap }: { readonly recovery: { readonly id: string }; readonly swap: Planned },
): Promise<void> {
  if (swap.way !== 'in-volume') return;
  const others = everyClaim(swap).filter(({ ordinal }) => ordinal !== 0);
  const found = await Promise.all(others.map(async ({ claim }) => api.get<PersistentVolumeClaim>(claimRef(claim))));
  const there = found.flatMap((claim) => (claim?.metadata?.name === undefined ? [] : [claim.metadata.name]));
  if (there.length === 0) return;
  const { name, replicas } = swap.statefulSet;
  const kubectl = kubectlIn(api.where);
  throw new Failure('refused', {
    message: `cannot exchange the data of ${name}: nobody leads, and ${there.join(', ')}, which would be removed with what is on there, may be ahead of ${name}-0`,
    remedy: `Start it, let ${name}-0 lead, and run this again:\n${kubectl} scale statefulset/${name} --replicas=${Math.max(1, replicas)}\nWhere it cannot be started, and nothing on there is needed:\n${kubectl} delete persistentvolumeclaim ${there.join(' ')}\nWhere recovery ${id} is:  walkback recover status ${id}`,
  });
}
