/**
 * The account of a recovery as helm renders it of the chart, and the same without one of its rights.
 *
 * @module
 */

import { join } from 'node:path';

import { parseAllDocuments } from 'yaml';

import type { Right } from '../../../src/kubernetes/find/rights.ts';
import type { Bed } from '../../../tests/support/kubernetes/bed.ts';

const CHART = join(import.meta.dirname, '../../../deploy/helm/patroni');

/** A right as a Role grants it. */
export type Granted = Pick<Right, 'verb' | 'group' | 'resource' | 'isClusterWide'>;

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

interface Rendered {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
}

/** ServiceAccount, Role, ClusterRole and their bindings, for a release of this name in a namespace. */
export async function renderAccount(
  bed: Bed,
  name: string,
  namespace: string,
  more: readonly string[] = [],
): Promise<readonly Rendered[]> {
  const values = [`fullnameOverride=${name}`, 'recovery.enabled=true', 'recovery.persistentVolumes=true', ...more];
  const words = ['template', name, CHART, '--namespace', namespace, '--kube-version', '1.36.0'];
  const only = ['--show-only', 'templates/recovery-rbac.yaml', '--set', values.join(',')];
  const documents = parseAllDocuments(await bed.helm([...words, ...only]));
  return documents
    .map((one): Rendered | null => one.toJS())
    .filter((one) => one !== null)
    .map((one) => (one.kind.startsWith('Cluster') ? one : { ...one, metadata: { ...one.metadata, namespace } }));
}

/** Every right that it grants. */
export function grantedBy(account: readonly Rendered[]): readonly Granted[] {
  return account.flatMap(({ kind, rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          verbs.map((verb) => ({ verb, group, resource, ...(kind === 'ClusterRole' ? { isClusterWide: true } : {}) })),
        ),
      ),
    ),
  );
}

/** The same without one right. */
export function without(account: readonly Rendered[], taken: Granted): readonly Rendered[] {
  return account.map((object) => {
    const isIts = (object.kind === 'ClusterRole') === (taken.isClusterWide === true);
    if (object.rules === undefined || !isIts) return object;
    const rules = object.rules.map((rule) => {
      const isOf = rule.apiGroups.includes(taken.group) && rule.resources.includes(taken.resource);
      return isOf ? { ...rule, verbs: rule.verbs.filter((verb) => verb !== taken.verb) } : rule;
    });
    // A rule without a verb is refused.
    return { ...object, rules: rules.filter(({ verbs }) => verbs.length > 0) };
  });
}

/** True for the same right. */
export function isSameRight(a: Granted, b: Granted): boolean {
  const isWide = (one: Granted): boolean => one.isClusterWide === true;
  return a.verb === b.verb && a.group === b.group && a.resource === b.resource && isWide(a) === isWide(b);
}
