/**
 * The screen of `walkback cluster list`.
 *
 * @module
 */

import type { ListedCluster, ListedClusters } from '../../app/list-namespace-clusters.ts';
import { countOf } from './format.ts';
import type { Screen } from './screen.ts';
import { whereLines } from './where-text.ts';

function members({ replicas, readyReplicas }: ListedCluster): string {
  return replicas === 0 ? 'scaled to 0' : `${readyReplicas} of ${replicas} ready`;
}

/** What takes room until somebody says that it is not needed any more; a line for each recovery. */
function keptLines({ kept, namespace, name }: ListedCluster, screen: Screen): string[] {
  const byId = Map.groupBy(kept ?? [], ({ id }) => id);
  return [...byId].map(([id, own]) => {
    const volumes = own.map(({ name: claim, size }) => `${claim} ${size}`).join(', ');
    const release = `walkback release ${id} -n ${namespace} --statefulset ${name}`;
    return `    ${screen.paint('keeps', 'attention')} ${volumes}\n        until  ${release}`;
  });
}

/** The screen. */
export function clustersText({ where, isOneNamespace, clusters }: ListedClusters, screen: Screen): string {
  const head = whereLines(where, screen, isOneNamespace);
  if (clusters.length === 0) {
    const none = isOneNamespace
      ? `No StatefulSet in ${where.namespace} runs PostgreSQL.`
      : 'No StatefulSet runs PostgreSQL.';
    return `${[...head, '', none, ...(isOneNamespace ? ['All namespaces:  walkback cluster list --all-namespaces'] : [])].join('\n')}\n`;
  }
  const nameOf = ({ namespace, name }: ListedCluster): string => (isOneNamespace ? name : `${namespace}/${name}`);
  const width = Math.max(...clusters.map((cluster) => nameOf(cluster).length));
  const lines = clusters.flatMap((cluster) => {
    const isWhole = cluster.readyReplicas >= cluster.replicas && cluster.replicas > 0;
    const state = screen.paint(members(cluster).padEnd(14), isWhole ? 'good' : 'attention');
    return [`  ${nameOf(cluster).padEnd(width)}  ${state}  ${cluster.image}`, ...keptLines(cluster, screen)];
  });
  const [first] = clusters;
  const look = `walkback cluster inspect -n ${first?.namespace ?? ''} --statefulset ${first?.name ?? ''}`;
  return `${[...head, '', `${countOf(clusters.length, 'cluster')}:`, ...lines, '', `Look at one:  ${look}`].join('\n')}\n`;
}
