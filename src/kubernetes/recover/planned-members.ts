/**
 * The members of a cluster in a plan: each with its claim, its volume, and what that is kept as.
 *
 * @module
 */

import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import type { RecoveryWay } from '../find/rights.ts';
import { claimRef } from './exchange-claim.ts';
import { keptClaim, memberClaim } from './names.ts';
import type { PlannedMember, SwapPlan } from './plan-value.ts';
import { isOfVolumes } from './step-names.ts';
import type { Subject } from './subject.ts';

async function ofNumbers(
  api: KubernetesApi,
  subject: Subject,
  { id, way }: { readonly id: string; readonly way: RecoveryWay },
  ordinals: Iterable<number>,
): Promise<PlannedMember[]> {
  const name = subject.statefulSet.metadata?.name ?? '';
  const members: PlannedMember[] = [];
  for (const ordinal of ordinals) {
    const claim = memberClaim(subject.claimTemplate, name, ordinal);
    const found = await api.get<PersistentVolumeClaim>(claimRef(claim));
    const keptAs = isOfVolumes(way)
      ? keptClaim(id, 'kept', ordinal)
      : way === 'recreate' || ordinal === 0
        ? claim
        : null;
    members.push({
      pod: `${name}-${ordinal}`,
      ordinal,
      claim,
      claimUid: found?.metadata?.uid ?? '',
      volume: found?.spec?.volumeName ?? null,
      size: found?.spec?.resources?.requests?.['storage'] ?? '?',
      storageClass: found?.spec?.storageClassName ?? null,
      keptAs,
    });
  }
  return members;
}

/** The members, and what an earlier scale-down has left, with what each one's claim is kept as. */
export async function membersOf(
  api: KubernetesApi,
  subject: Subject,
  planned: { readonly id: string; readonly way: RecoveryWay },
): Promise<Pick<SwapPlan, 'members' | 'leftOver'>> {
  const members = await ofNumbers(api, subject, planned, Array(subject.memberCount).keys());
  const leftOver = await ofNumbers(api, subject, planned, subject.leftOver);
  return { members, ...(leftOver.length === 0 ? {} : { leftOver }) };
}
