/**
 * Patroni's own record of the cluster, which a *clone* and a reset need gone: while it says that there is a cluster, a pod with an
 * empty volume joins that, and nothing is cloned or made.
 *
 * Each object is removed by its exact name, only if it has the labels of this cluster, and only while no pod is there: one that
 * runs would write it again. They were saved before.
 *
 * Source: Patroni `patroni/dcs/kubernetes.py`.
 *
 * @module
 */

import { Failure, isFailure } from '../../../base/failure.ts';
import type { StepFacts } from '../../../recovery/journal.ts';
import type { KubernetesObject } from '../../api/kubernetes-objects.ts';
import { isLabelled } from '../../find/patroni-names.ts';
import { claimsInPlay, type WorkContext } from '../context.ts';
import type { PatroniObjects } from '../plan-value.ts';
import { checkStillDown } from '../pods-gone.ts';
import { savedObject } from '../save-objects.ts';

const GONE_MS = 60_000;

function patroniOf({ plan }: WorkContext): PatroniObjects {
  const { patroni } = plan.swap;
  if (patroni === null) throw new TypeError('only clusters of Patroni have such a record');
  return patroni;
}

async function removeObject({ uses }: WorkContext, patroni: PatroniObjects, name: string): Promise<boolean> {
  const { api } = uses;
  const ref = { apiVersion: 'v1', kind: patroni.kind, name };
  const found = await api.get<KubernetesObject>(ref);
  if (found === undefined) return false;
  if (!isLabelled(found.metadata?.labels, patroni.labels)) {
    throw new Failure('conflict', {
      message: `cannot remove ${patroni.kind} ${name}: it has not the labels of ${patroni.scope}, so it is another cluster's`,
      remedy: 'Find out whose it is; nothing of it has been changed.',
    });
  }
  const uid = found.metadata?.uid;
  await api.delete(ref, uid === undefined ? {} : { uid });
  await api.until(ref, `${patroni.kind} ${name} to be gone`, (now) => now?.metadata?.uid !== uid, {
    timeoutMs: GONE_MS,
  });
  return true;
}

/** Removes them. */
export async function forgetCluster(context: WorkContext): Promise<StepFacts> {
  const patroni = patroniOf(context);
  await checkStillDown(context.uses.api, context.plan.swap.statefulSet.name, claimsInPlay(context));
  const removed: string[] = [];
  for (const name of [patroni.config, patroni.leader, patroni.failover, patroni.sync])
    if (await removeObject(context, patroni, name)) removed.push(name);
  return { removed: removed.join(', ') };
}

function parsed(text: string | undefined): Record<string, unknown> {
  const value: unknown = JSON.parse(text ?? '{}');
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

/** The saved dynamic configuration, as people and the chart have made it. */
async function savedConfig(context: WorkContext): Promise<{ readonly object: KubernetesObject; config: object }> {
  const { kind, config: name } = patroniOf(context);
  const object = await savedObject<KubernetesObject>(context.uses.api, context.plan.recovery.id, { kind, name });
  const { pause: _paused, ...config } = parsed(object.metadata?.annotations?.['config']);
  return { object, config };
}

/**
 * What Patroni had written of the cluster is there again: that it is initialised, its history, its dynamic configuration; paused, so
 * that its server is started as it was. Leader and standbys it finds by itself.
 */
export async function rememberCluster(context: WorkContext): Promise<StepFacts> {
  await forgetCluster(context);
  const { kind, config: name } = patroniOf(context);
  const { object, config } = await savedConfig(context);
  const { labels = {}, annotations = {} } = object.metadata ?? {};
  const metadata = {
    name,
    labels,
    annotations: { ...annotations, config: JSON.stringify({ ...config, pause: true }) },
  };
  await context.uses.api.create<KubernetesObject>({ apiVersion: 'v1', kind, metadata }).catch((error: unknown) => {
    if (!isFailure(error, 'conflict')) throw error;
  });
  return {};
}

/** A bootstrap writes the configuration that the image comes with: what had been set since is set again. */
export async function putConfigurationBack(context: WorkContext): Promise<StepFacts> {
  const { kind, config: name } = patroniOf(context);
  const { config } = await savedConfig(context);
  const body = { metadata: { annotations: { config: JSON.stringify(config) } } };
  await context.uses.api.patch({ apiVersion: 'v1', kind, name }, { type: 'merge', body });
  return { settings: Object.keys(config).length };
}
