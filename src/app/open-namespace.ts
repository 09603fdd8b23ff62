/**
 * From settings to a namespace of Kubernetes, and to the cluster in it.
 *
 * @module
 */

import type { Settings } from '../config/load-settings.ts';
import type { KubernetesApi } from '../kubernetes/api/kubernetes-api.ts';
import { openKubernetesApi } from '../kubernetes/api/open.ts';
import type { ClusterChoice } from '../kubernetes/find/find-cluster.ts';
import { removedStatefulSet } from '../kubernetes/recover/removed-statefulset.ts';

/** `undefined` values left out. */
function named<K extends string>(key: K, value: string | undefined): { readonly [N in K]?: string } {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a computed key is forgotten
  return (value === undefined ? {} : { [key]: value }) as { readonly [N in K]?: string };
}

/**
 * Opens it, or another of the same cluster; nothing is asked yet.
 *
 * @param actAs whom to act as in place of what the settings say.
 * @throws {Failure} `usage` if no cluster is named.
 */
export async function openNamespace(settings: Settings, namespace?: string, actAs?: string): Promise<KubernetesApi> {
  const groups = actAs === undefined ? settings.get('actAsGroup') : undefined;
  return openKubernetesApi({
    ...named('files', settings.get('kubeconfig')),
    ...named('home', settings.environment['HOME']),
    ...named('context', settings.get('kubeContext')),
    ...named('namespace', namespace ?? settings.get('namespace')),
    ...named('actAs', actAs ?? settings.get('actAs')),
    ...(groups === undefined ? {} : { actAsGroups: groups }),
    proxy: {
      ...named('https', settings.get('httpsProxy')),
      ...named('http', settings.get('httpProxy')),
      ...named('except', settings.get('noProxy')),
    },
  });
}

/** Which cluster of the namespace is meant. */
export function clusterChoice(settings: Settings): ClusterChoice {
  return {
    ...named('statefulSet', settings.get('statefulset')),
    ...named('scope', settings.get('patroniScope')),
    whenGone: removedStatefulSet,
  };
}
