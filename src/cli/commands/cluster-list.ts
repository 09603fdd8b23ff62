/**
 * `walkback cluster list`: the clusters of a namespace of Kubernetes.
 *
 * @module
 */

import { listNamespaceClusters } from '../../app/list-namespace-clusters.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { clustersText } from '../output/clusters-text.ts';

/** The command. */
export const clusterList = defineCommand({
  path: ['cluster', 'list'],
  summary: 'List the PostgreSQL clusters of a namespace of Kubernetes',
  settings: ['kubernetes'],
  options: { allNamespaces: flag('Of all namespaces that this user may read') },
  examples: [
    { line: 'walkback cluster list', does: 'of the namespace that is current' },
    { line: 'walkback cluster list --context prod --all-namespaces', does: 'of all, in another cluster' },
  ],
  run: async ({ allNamespaces }, { settings }) => {
    const found = await listNamespaceClusters(settings, allNamespaces);
    return { text: (screen) => clustersText(found, screen), json: found };
  },
});
