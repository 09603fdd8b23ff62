/**
 * What decides the way of a recovery: rights, room for a second claim, and who leads.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { RECOVERY_WAYS, type RecoveryWay, type Right } from '../find/rights.ts';
import { claimSpecLike } from '../rehearse/claim-spec.ts';
import { placeTrouble } from '../rehearse/data-mount.ts';
import type { WayFacts } from './choose-way.ts';
import type { SwapUses } from './context.ts';
import type { LookedAtLive } from './look-at-live.ts';
import { ordinalOf } from './names.ts';
import { furtherRightsOf, missingRights, type RightsFor } from './rights.ts';
import type { Subject } from './subject.ts';

/** Replay, and what the server writes before somebody looks, on top of what was measured. */
const SPARE_PERCENT = 25n;

/** What the rehearsal's claim asks for at least. */
export function claimBytesFor(neededBytes: bigint): bigint {
  return (neededBytes * (100n + SPARE_PERCENT)) / 100n;
}

/** Asks the server whether it would take this claim, which is how a quota answers. */
async function claimProblemOf(
  api: KubernetesApi,
  name: string,
  spec: NonNullable<PersistentVolumeClaim['spec']>,
): Promise<string | undefined> {
  const claim: PersistentVolumeClaim = { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name }, spec };
  return api.create(claim, { isDryRun: true }).then(
    () => undefined,
    (error: unknown) => {
      if (isFailure(error, 'refused') || isFailure(error, 'denied')) return error.message;
      throw error;
    },
  );
}

/** The image restores to a claim that the StatefulSet makes, of its template, while the one before is kept. */
async function cloneProblemOf(api: KubernetesApi, subject: Subject, name: string): Promise<string | undefined> {
  if (typeof subject.clone === 'string') return subject.clone;
  const templates = subject.statefulSet.spec?.volumeClaimTemplates ?? [];
  const spec = templates.find(({ metadata }) => metadata?.name === subject.claimTemplate)?.spec;
  return spec === undefined ? undefined : claimProblemOf(api, name, spec);
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
    claimProblem: await claimProblemOf(
      api,
      `walkback-${id}`,
      claimSpecLike(subject.live.claim, claimBytesFor(neededBytes)),
    ),
    accessModes: subject.live.claim.spec?.accessModes ?? [],
    leaderOrdinal: ordinalOf(live.pod, name),
    freeBytes: await live.freeBytes(),
    hasUnsureOthers: live.cluster.connect === undefined && subject.memberCount + subject.leftOver.length > 1,
    neededBytes,
    walkbackProblem: subject.walkback.kind === 'none' ? subject.walkback.why : undefined,
    placeProblem: place === undefined ? undefined : `${place.found}. ${place.remedy}`,
    cloneProblem: await cloneProblemOf(api, subject, `walkback-${id}`),
  };
}
