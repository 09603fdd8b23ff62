/**
 * Patroni's state in the namespace: annotations of a few objects, by their exact names. They are read and changed by the API
 * server, so this works whatever the pods do, and with no pod at all.
 *
 * Source: patroni/dcs/kubernetes.py of 2.1 to 4.1 (`leader_path`, `config_path`, `sync_path`, `failover_path`, `touch_member`).
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { KubernetesApi, ObjectRef } from '../api/kubernetes-api.ts';
import type { KubernetesObject, Pod } from '../api/kubernetes-objects.ts';
import type { PatroniObjects } from './plan-value.ts';

type Annotations = Readonly<Record<string, string | undefined>>;

function refTo({ kind }: PatroniObjects, name: string): ObjectRef {
  return { apiVersion: 'v1', kind, name };
}

async function annotationsOf(api: KubernetesApi, ref: ObjectRef): Promise<Annotations> {
  return (await api.get<KubernetesObject>(ref))?.metadata?.annotations ?? {};
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

/** What Patroni's objects say of the cluster. */
export interface PatroniState {
  /** The pod that holds the leader's lock, whether or not it still lives. */
  readonly leader: string | undefined;
  readonly isPaused: boolean;
  readonly isStandbyCluster: boolean;
  /** Somebody has asked for a switchover. */
  readonly isSwitchingOver: boolean;
  /** The system identifier; empty while somebody bootstraps. */
  readonly initialize: string | undefined;
}

/** Reads it. */
export async function readPatroniState(api: KubernetesApi, objects: PatroniObjects): Promise<PatroniState> {
  const [leader, config, failover] = await Promise.all([
    annotationsOf(api, refTo(objects, objects.leader)),
    annotationsOf(api, refTo(objects, objects.config)),
    annotationsOf(api, refTo(objects, objects.failover)),
  ]);
  const dynamic = parseObject(config['config']);
  const standby = dynamic['standby_cluster'];
  return {
    leader: leader['leader'] === '' ? undefined : leader['leader'],
    isPaused: dynamic['pause'] === true,
    isStandbyCluster: typeof standby === 'object' && standby !== null && Object.keys(standby).length > 0,
    isSwitchingOver: (failover['leader'] ?? failover['member'] ?? '') !== '',
    initialize: config['initialize'],
  };
}

/** Sets or removes `pause` in the dynamic configuration, and nothing else of it. Returns whether it had to be changed. */
async function setPause(api: KubernetesApi, objects: PatroniObjects, pause: boolean): Promise<boolean> {
  const ref = refTo(objects, objects.config);
  for (;;) {
    const object = await api.get<KubernetesObject>(ref);
    const text = object?.metadata?.annotations?.['config'];
    if (object === undefined || text === undefined) {
      throw new Failure('failed', {
        message: `cannot find the dynamic configuration of Patroni: ${objects.kind} ${objects.config} has none`,
        remedy: 'See that the scope is right ("patronictl show-config"); nothing has been changed.',
      });
    }
    const { pause: was, ...others } = parseObject(text);
    if ((was === true) === pause) return false;
    const config = JSON.stringify(pause ? { ...others, pause: true } : others);
    const metadata = { resourceVersion: object.metadata?.resourceVersion, annotations: { config } };
    try {
      await api.patch(ref, { type: 'merge', body: { metadata } });
      return true;
    } catch (error) {
      if (!isFailure(error, 'conflict')) throw error;
    }
  }
}

/** Asks Patroni to pause; it does so in a while, each member for itself. */
export async function askToPause(api: KubernetesApi, objects: PatroniObjects): Promise<void> {
  await setPause(api, objects, true);
}

/** True if a member has written into its pod that it is paused. */
export function hasPaused({ metadata }: Pod): boolean {
  return parseObject(metadata?.annotations?.['status'])['pause'] === true;
}

/** Lets Patroni work again. */
export async function resumePatroni(api: KubernetesApi, objects: PatroniObjects): Promise<void> {
  await setPause(api, objects, false);
}

/** Removes annotations of an object that is there. */
async function forget(api: KubernetesApi, ref: ObjectRef, names: readonly string[]): Promise<void> {
  const found = await annotationsOf(api, ref);
  const present = names.filter((name) => found[name] !== undefined);
  if (present.length === 0) return;
  const annotations = Object.fromEntries(present.map((name) => [name, null]));
  await api.patch(ref, { type: 'merge', body: { metadata: { annotations } } });
}

/**
 * Forgets how far the leader had got, its slots, who it was, and which standby was synchronous: a recovered leader is behind
 * that, and would be no leader. `initialize` and `config` stay. Only while no pod of the cluster is there.
 */
export async function clearPatroniStatus(api: KubernetesApi, objects: PatroniObjects): Promise<void> {
  await forget(api, refTo(objects, objects.leader), ['optime', 'slots', 'retain_slots', 'leader', 'failsafe']);
  await forget(api, refTo(objects, objects.sync), ['leader', 'sync_standby', 'quorum']);
}
