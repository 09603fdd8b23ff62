/**
 * A namespace that denies all traffic by default: what its NetworkPolicies allow pods of ours, at the moment in which each is made.
 *
 * @module
 */

import type { Job, KubernetesObject, NetworkPolicy } from '../../api/kubernetes-objects.ts';
import { keepObjects, type KeptChanges, type KeptObjects } from '../../api/testing/kept-objects.ts';

type Labels = Readonly<Record<string, string>>;

/** Labels that pods of the cluster have, and none of ours. */
const MEMBER: Labels = { app: 'shop', release: 'shop', 'statefulset.kubernetes.io/pod-name': 'shop-0' };

function isPolicy(object: KubernetesObject): object is NetworkPolicy {
  return object.kind === 'NetworkPolicy';
}

function isJob(object: KubernetesObject): object is Job {
  return object.kind === 'Job';
}

/** Names of all that there are. */
export function policiesIn({ objects }: KeptObjects): readonly (string | undefined)[] {
  return [...objects.values()].filter(isPolicy).map(({ metadata }) => metadata?.name);
}

/** What selects a pod with these labels. A selector without any selects every pod. */
function policiesOf({ objects }: KeptObjects, labels: Labels): readonly NetworkPolicy[] {
  return [...objects.values()]
    .filter(isPolicy)
    .filter(({ spec }) =>
      Object.entries(spec?.podSelector?.matchLabels ?? {}).every(([name, value]) => labels[name] === value),
    );
}

/** To everywhere: an egress rule with nothing in it. */
function isLetOut(kept: KeptObjects, labels: Labels): boolean {
  return policiesOf(kept, labels).some(
    ({ spec }) =>
      spec?.policyTypes?.includes('Egress') === true && spec.egress?.some((rule) => Object.keys(rule).length === 0),
  );
}

/** Whom nobody may connect to. */
function isClosed(kept: KeptObjects, labels: Labels): boolean {
  return policiesOf(kept, labels).every(
    ({ spec }) => spec?.policyTypes?.includes('Ingress') === true && (spec.ingress ?? []).length === 0,
  );
}

/** Such a namespace. */
export interface DenyingNamespace {
  readonly kept: KeptObjects;
  /** What was so for the pods of each Job when it was made, the first first. */
  readonly made: readonly { readonly job: string | undefined; readonly doors: string }[];
}

/** One. @param given what is there already, by its path. */
export function denyingNamespace(
  given: Readonly<Record<string, KubernetesObject>>,
  { onMade, onRemoved }: KeptChanges = {},
): DenyingNamespace {
  const made: { job: string | undefined; doors: string }[] = [];
  const kept = keepObjects(given, {
    onMade: (path, object, all) => {
      if (policiesOf(all, MEMBER).length > 0) throw new TypeError(`${path} shuts pods of the cluster off`);
      if (isJob(object)) {
        const labels = object.spec?.template.metadata?.labels ?? {};
        const doors = `${isLetOut(all, labels) ? 'out' : 'shut'}, ${isClosed(all, labels) ? 'nobody in' : 'open'}`;
        made.push({ job: object.metadata?.name, doors });
      }
      onMade?.(path, object, all);
    },
    ...(onRemoved === undefined ? {} : { onRemoved }),
  });
  return { kept, made };
}
