/**
 * Patroni's state in the namespace: what its objects and its members' pods say.
 *
 * Source: patroni/dcs/kubernetes.py: all state is in annotations.
 *
 * @module
 */

import type { KubernetesObject, Pod } from '../api/kubernetes-objects.ts';
import type { PatroniInNamespace, PatroniObject } from './kubernetes-cluster.ts';
import { isLabelled, objectNames, type PatroniNames } from './patroni-names.ts';

/** Patroni's objects as they were read, by their role; `undefined`: not there. */
export type PatroniObjectsRead = Readonly<
  Record<'config' | 'leader' | 'failover' | 'sync', KubernetesObject | undefined>
>;

function parsed(text: string | undefined): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch {
    return {};
  }
}

function objectOf(name: string, object: KubernetesObject | undefined, names: PatroniNames): PatroniObject {
  return {
    name,
    isThere: object !== undefined,
    uid: object?.metadata?.uid,
    isOurs: object === undefined || isLabelled(object.metadata?.labels, names.labels),
  };
}

/** All of it as one value. */
export function patroniInNamespace(names: PatroniNames, read: PatroniObjectsRead): PatroniInNamespace {
  const called = objectNames(names);
  const annotations = read.config?.metadata?.annotations ?? {};
  return {
    scope: names.scope,
    kind: names.kind,
    scopeLabel: names.scopeLabel,
    labels: names.labels,
    roleLabel: names.roleLabel,
    config: objectOf(called.config, read.config, names),
    leader: objectOf(called.leader, read.leader, names),
    failover: objectOf(called.failover, read.failover, names),
    sync: objectOf(called.sync, read.sync, names),
    lockHolder: read.leader?.metadata?.annotations?.['leader'],
    initialize: annotations['initialize'],
    isPaused: parsed(annotations['config'])['pause'] === true,
  };
}

/** What Patroni says of one member, in an annotation of its pod and in its role label. */
export interface MemberWords {
  readonly role: 'leader' | 'replica' | undefined;
  readonly state: string | undefined;
  readonly timeline: number | undefined;
}

/** Reads it. The lock says who leads; the label follows a moment later. */
export function memberWords(pod: Pod, names: PatroniNames | undefined, lockHolder: string | undefined): MemberWords {
  if (names === undefined) return { role: undefined, state: undefined, timeline: undefined };
  const status = parsed(pod.metadata?.annotations?.['status']);
  const label = pod.metadata?.labels?.[names.roleLabel];
  const isLeader =
    lockHolder === undefined ? names.leaderValues.includes(label ?? '') : lockHolder === pod.metadata?.name;
  const { state, timeline, replication_state: streaming } = status;
  const shown = typeof streaming === 'string' ? streaming : state;
  return {
    role: isLeader ? 'leader' : label === undefined && state === undefined ? undefined : 'replica',
    state: typeof shown === 'string' ? shown : undefined,
    timeline: typeof timeline === 'number' ? timeline : undefined,
  };
}
