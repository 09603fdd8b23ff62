/**
 * Patroni's objects in a reset: removed by their exact names, so that the first pod begins a new cluster; and put back as they were
 * saved. Only while no pod of the cluster is there.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { StepFacts } from '../../recovery/journal.ts';
import type { ObjectRef } from '../api/kubernetes-api.ts';
import type { ConfigMap, KubernetesObject } from '../api/kubernetes-objects.ts';
import { isLabelled } from '../find/patroni-names.ts';
import { claimsInPlay } from '../recover/context.ts';
import { clearPatroniStatus, pausePatroni } from '../recover/patroni-objects.ts';
import { checkStillDown } from '../recover/pods-gone.ts';
import { findSavedObject } from '../recover/save-objects.ts';
import type { ResetContext } from './context.ts';

const GONE_MS = 60_000;

/** Patroni's objects of exactly this scope. */
export function patroniRefs({ plan }: Pick<ResetContext, 'plan'>): ObjectRef[] {
  const { patroni } = plan.swap;
  if (patroni === null) return [];
  const { kind, leader, config, sync, failover } = patroni;
  return [leader, config, sync, failover].map((name) => ({ apiVersion: 'v1', kind, name }));
}

/** @throws {Failure} `conflict` for one that has not Patroni's labels: it is another cluster's. */
async function remove({ uses, plan }: ResetContext, ref: ObjectRef, found: KubernetesObject): Promise<void> {
  const { name, kind } = ref;
  const { uid, labels } = found.metadata ?? {};
  if (!isLabelled(labels, plan.reset.patroniLabels)) {
    throw new Failure('conflict', {
      message: `cannot remove ${kind} ${name}: it has the cluster's name, and not its labels`,
      remedy: 'Find out whose it is. Give one of the two clusters another scope, and go on; or undo.',
    });
  }
  await uses.api.delete(ref, uid === undefined ? {} : { uid });
  await uses.api.until(ref, `${kind} ${name} to be gone`, (now) => now?.metadata?.uid !== uid, { timeoutMs: GONE_MS });
}

/** Removes them. */
export async function forgetCluster(context: ResetContext): Promise<StepFacts> {
  const { api } = context.uses;
  await checkStillDown(api, context.plan.swap.statefulSet.name, claimsInPlay(context));
  const removed: string[] = [];
  for (const ref of patroniRefs(context)) {
    const found = await api.get<KubernetesObject>(ref);
    if (found === undefined) continue;
    await remove(context, ref, found);
    removed.push(ref.name);
  }
  return { removed: removed.join(', ') };
}

/** As it was saved, without what the server fills in. */
function asNew(ref: ObjectRef, { metadata, data }: ConfigMap): ConfigMap {
  const { labels, annotations } = metadata ?? {};
  return {
    apiVersion: ref.apiVersion,
    kind: ref.kind,
    metadata: {
      name: ref.name,
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    ...(data === undefined ? {} : { data }),
  };
}

/** Puts them back as they were saved. Those of the new cluster are removed. */
export async function rememberCluster(context: ResetContext): Promise<void> {
  const { api } = context.uses;
  const { id } = context.plan.recovery;
  await checkStillDown(api, context.plan.swap.statefulSet.name, claimsInPlay(context));
  for (const ref of patroniRefs(context)) {
    const [saved, now] = await Promise.all([findSavedObject<ConfigMap>(api, id, ref), api.get<ConfigMap>(ref)]);
    const isSame = now !== undefined && now.metadata?.uid === saved?.metadata?.uid;
    if (isSame) continue;
    if (now !== undefined) await remove(context, ref, now);
    if (saved === undefined) continue;
    await api.create(asNew(ref, saved)).catch((error: unknown) => {
      if (!isFailure(error, 'conflict')) throw error;
    });
  }
}

/** The same for an undo, which starts the server of the first pod itself: nobody leads yet, and Patroni is paused. */
export async function rememberPaused(context: ResetContext): Promise<StepFacts> {
  const { patroni } = context.plan.swap;
  if (patroni === null) return { skipped: 'no Patroni' };
  await rememberCluster(context);
  await clearPatroniStatus(context.uses.api, patroni);
  await pausePatroni(context.uses.api, patroni, []);
  return {};
}
