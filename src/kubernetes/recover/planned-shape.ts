/**
 * What a plan keeps of the pods of the live cluster: everything that a pod like them is made of, but no value of a variable and no
 * command line. People write passwords into both, and a plan is read by whoever may read a ConfigMap.
 *
 * Values are taken from the StatefulSet when a pod is made, as those behind references are: a password that was changed meanwhile
 * is the new one.
 *
 * @module
 */

import type { PersistentVolumeClaim, StatefulSet } from '../api/kubernetes-objects.ts';
import type { LiveShape, PodSpec } from '../rehearse/rehearsal.ts';

type Container = PodSpec['containers'][number];
type Variable = NonNullable<Container['env']>[number];

/** A {@link LiveShape} in which variables have names and references, and no values. */
export interface PlannedShape extends Omit<LiveShape, 'podSpec'> {
  readonly podWithoutValues: PodSpec;
}

/** Commands, hooks and probes are of no use in a pod of ours, and may hold anything. */
function withoutValues(container: Container): Container {
  const { name, image, imagePullPolicy, resources, securityContext, volumeMounts, envFrom, env } = container;
  const kept = { image, imagePullPolicy, resources, securityContext, volumeMounts, envFrom };
  const present = Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined));
  const named = env?.map(({ name: variable, valueFrom }): Variable => ({
    name: variable,
    ...(valueFrom === undefined ? {} : { valueFrom }),
  }));
  return { name, ...present, ...(named === undefined ? {} : { env: named }) };
}

/** Of the claim what another one like it is made of. */
function plainClaim({ metadata, spec, status }: PersistentVolumeClaim): PersistentVolumeClaim {
  const { name, uid, labels } = metadata ?? {};
  const capacity = status?.capacity;
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(uid === undefined ? {} : { uid }),
      ...(labels === undefined ? {} : { labels }),
    },
    ...(spec === undefined ? {} : { spec }),
    ...(capacity === undefined ? {} : { status: { capacity } }),
  };
}

/** The shape as a plan may hold it. */
export function plannedShape({ podSpec, claim, ...others }: LiveShape): PlannedShape {
  const { containers, initContainers: _init, ephemeralContainers: _ephemeral, ...pod } = podSpec;
  const used = containers.filter(({ name }) => name === others.container || name === others.archiveContainer);
  return { ...others, claim: plainClaim(claim), podWithoutValues: { ...pod, containers: used.map(withoutValues) } };
}

/** The variable as the StatefulSet has it now. What it does not have, admission had put into the pod, and puts into ours. */
function valued({ env = [] }: Container, now: readonly Variable[]): Variable[] {
  return env.flatMap((planned) => {
    if (planned.valueFrom !== undefined) return [planned];
    const found = now.find(({ name }) => name === planned.name);
    return found === undefined ? [] : [found];
  });
}

/** The shape that pods are made of. @param statefulSet as it is now. */
export function shapeWithValues({ podWithoutValues, ...others }: PlannedShape, statefulSet: StatefulSet): LiveShape {
  const now = statefulSet.spec?.template.spec?.containers ?? [];
  const containers = podWithoutValues.containers.map((container): Container => {
    if (container.env === undefined) return container;
    const env = now.find(({ name }) => name === container.name)?.env ?? [];
    return { ...container, env: valued(container, env) };
  });
  return { ...others, podSpec: { ...podWithoutValues, containers } };
}
