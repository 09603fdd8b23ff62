/**
 * Patroni's record of the cluster in a reset: removed, so that the first pod begins a new cluster; and there again as it was saved, for
 * one that goes back. Only while no pod of the cluster is there.
 *
 * @module
 */

import type { StepFacts } from '../../recovery/journal.ts';
import type { ObjectRef } from '../api/kubernetes-api.ts';
import { forgetCluster, rememberCluster } from '../recover/clone/cluster-state.ts';
import { findSavedObject } from '../recover/save-objects.ts';
import type { ResetContext } from './context.ts';

/** Patroni's objects of exactly this scope. */
export function patroniRefs({ plan }: Pick<ResetContext, 'plan'>): ObjectRef[] {
  const { patroni } = plan.swap;
  if (patroni === null) return [];
  const { kind, leader, config, sync, failover } = patroni;
  return [leader, config, sync, failover].map((name) => ({ apiVersion: 'v1', kind, name }));
}

/** Removes them. */
export async function forgetOld(context: ResetContext): Promise<StepFacts> {
  return context.plan.swap.patroni === null ? { skipped: 'no Patroni' } : forgetCluster(context);
}

/** The cluster from before is known again, and Patroni paused, so that its server is started as it was. */
export async function rememberOld(context: ResetContext): Promise<StepFacts> {
  const { uses, plan } = context;
  const { patroni } = plan.swap;
  if (patroni === null) return { skipped: 'no Patroni' };
  const saved = await findSavedObject(uses.api, plan.recovery.id, { kind: patroni.kind, name: patroni.config });
  // A cluster that never was initialised is none that could be remembered.
  return saved === undefined ? forgetCluster(context) : rememberCluster(context);
}
