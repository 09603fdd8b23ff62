/**
 * Looks at an installed release: what must be so of every one.
 *
 * @module
 */

import type { TestNamespace } from '../../../tests/support/kubernetes/namespace.ts';
import { leaderOf, sqlIn } from './release.ts';

/** One thing that must be so. */
export interface Expected {
  readonly what: string;
  readonly expected: string;
  readonly found: () => Promise<string>;
}

/** What is not as it must be, in words. */
export async function differencesOf(expectations: readonly Expected[]): Promise<readonly string[]> {
  const differences: string[] = [];
  for (const { what, expected, found } of expectations) {
    const is = await found().catch((error: unknown) => String(error));
    if (is !== expected) differences.push(`${what} must be ${JSON.stringify(expected)}, and is ${JSON.stringify(is)}`);
  }
  return differences;
}

/** Of a cluster with so many members. */
export async function clusterExpectations(
  namespace: TestNamespace,
  app: string,
  members: number,
): Promise<readonly Expected[]> {
  const leader = await leaderOf(namespace, app);
  const jsonPath = (path: string, ...words: readonly string[]): Promise<string> =>
    namespace.kubectl(['get', ...words, '--output', `jsonpath=${path}`]);
  const inPod = (...words: readonly string[]): Promise<string> =>
    namespace.kubectl(['exec', leader, '--', 'sh', '-c', words.join(' ')]).then((text) => text.trim());
  const range = await jsonPath(
    '{.metadata.annotations.openshift\\.io/sa\\.scc\\.uid-range}',
    'namespace',
    namespace.name,
  );
  return [
    {
      what: 'the number of replicas that stream',
      expected: String(members - 1),
      found: () => sqlIn(namespace, leader, `select count(*) from pg_stat_replication where state = 'streaming'`),
    },
    {
      what: 'the number of pods with the label of a replica',
      expected: String(members - 1),
      found: async () => {
        const names = await namespace.kubectl(['get', 'pods', '-l', `app=${app},spilo-role=replica`, '-o', 'name']);
        return String(names.split('\n').filter((name) => name !== '').length);
      },
    },
    { what: 'the user', expected: range.split('/', 1)[0] ?? '', found: () => inPod('id', '-u') },
    {
      what: 'writing to the root',
      expected: 'refused',
      found: () => inPod('touch /etc/written 2>/dev/null && echo done || echo refused'),
    },
    {
      what: 'the Pod Security level',
      expected: 'restricted',
      found: () => jsonPath('{.metadata.labels.pod-security\\.kubernetes\\.io/enforce}', 'namespace', namespace.name),
    },
    {
      what: 'restarts',
      expected: '0',
      found: async () => {
        const counts = await jsonPath(
          '{.items[*].status.containerStatuses[*].restartCount}',
          'pods',
          '-l',
          `app=${app}`,
        );
        return String(counts.split(/\s+/).reduce((sum, one) => sum + Number(one), 0));
      },
    },
  ];
}
