/**
 * What decides the way of a recovery: rights, room for a second claim, and who leads.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { RECOVERY_WAYS, type RecoveryWay, type Right } from '../find/rights.ts';
import { placeTrouble } from '../rehearse/data-mount.ts';
import type { WayFacts } from './choose-way.ts';
import type { SwapUses } from './context.ts';
import type { LookedAtLive } from './look-at-live.ts';
import { ordinalOf } from './names.ts';
import { furtherRightsOf, missingRights, type RightsFor } from './rights.ts';
import type { Subject } from './subject.ts';

/** Asks the server whether it would take a second claim like the live one, which is how a quota answers. */
async function claimProblemOf(api: KubernetesApi, { live }: Subject, name: string): Promise<string | undefined> {
  const { accessModes, resources, storageClassName, volumeMode } = live.claim.spec ?? {};
  const spec = {
    ...(accessModes === undefined ? {} : { accessModes }),
    ...(resources?.requests === undefined ? {} : { resources: { requests: resources.requests } }),
    ...(storageClassName === undefined ? {} : { storageClassName }),
    ...(volumeMode === undefined ? {} : { volumeMode }),
  };
  const claim: PersistentVolumeClaim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec };
  return api.create(claim, { isDryRun: true }).then(
    () => undefined,
    (error: unknown) => {
      if (isFailure(error, 'refused') || isFailure(error, 'denied')) return error.message;
      throw error;
    },
  );
}

/** What decides the way, once it is known how much room is needed. */
export async function wayFacts(
  { api }: SwapUses,
  subject: Subject,
  given: {
    readonly id: string;
    readonly live: LookedAtLive;
    readonly neededBytes: bigint;
    /** How many the backup has. */
    readonly tablespaces: number;
    readonly rights: RightsFor;
  },
): Promise<WayFacts> {
  const { id, live, neededBytes, tablespaces, rights } = given;
  const place = placeTrouble(subject.live, tablespaces);
  const missing: Record<RecoveryWay, readonly Right[]> = { rebind: [], 'in-volume': [], recreate: [], clone: [] };
  for (const way of RECOVERY_WAYS) missing[way] = await missingRights(api, furtherRightsOf(way, rights));
  const name = subject.statefulSet.metadata?.name ?? '';
  return {
    missing,
    claimProblem: await claimProblemOf(api, subject, `walkback-${id}`),
    accessModes: subject.live.claim.spec?.accessModes ?? [],
    leaderOrdinal: ordinalOf(live.pod, name),
    freeBytes: await live.freeBytes(),
    hasUnsureOthers: live.cluster.connect === undefined && subject.memberCount + subject.leftOver.length > 1,
    neededBytes,
    walkbackProblem: subject.walkback.kind === 'none' ? subject.walkback.why : undefined,
    placeProblem: place === undefined ? undefined : `${place.found}. ${place.remedy}`,
    cloneProblem: typeof subject.clone === 'string' ? subject.clone : undefined,
  };
}
