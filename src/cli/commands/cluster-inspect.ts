/**
 * `walkback cluster inspect`: what there is of a cluster in a namespace, and what is wrong with it already.
 *
 * @module
 */

import { inspectCluster } from '../../app/inspect-cluster.ts';
import { defineCommand } from '../command.ts';
import { inspectedJson, inspectedText, worstProblem } from '../output/inspected-text.ts';
import { LEVEL_CODES } from '../output/status-text.ts';

/** The command. */
export const clusterInspect = defineCommand({
  path: ['cluster', 'inspect'],
  summary: 'Show a cluster in a namespace of Kubernetes, what can be recovered of it, and what is wrong already',
  description:
    'Only reads. The archive is found and read as the pods themselves reach it: by their variables, ConfigMaps and Secrets, whose values are used and not shown. Rights are asked of the server, for every verb that a recovery would need. Exits 0 when nothing is wrong, 1 when somebody should look, 2 when somebody must act or nothing could be looked at.',
  settings: ['kubernetes'],
  examples: [
    { line: 'walkback cluster inspect', does: 'the only one of the namespace that is current' },
    { line: 'walkback cluster inspect --context prod -n shop --statefulset shop-patroni', does: 'one by its name' },
    { line: 'walkback cluster inspect -n shop --as system:serviceaccount:shop:walkback', does: 'as a service account' },
  ],
  listener: 'monitoring',
  run: async (_given, { settings, signal }) => {
    const found = await inspectCluster(settings, signal);
    return {
      text: (screen) => inspectedText(found, screen),
      json: inspectedJson(found),
      exitCode: LEVEL_CODES[worstProblem(found.problems)],
    };
  },
});
