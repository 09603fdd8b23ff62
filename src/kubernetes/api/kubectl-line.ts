/**
 * Lines for kubectl that mean the cluster and the namespace at hand, whatever the terminal they are typed in is set to: a line that
 * removes something must not find another of the same name.
 *
 * @module
 */

import { IN_CLUSTER, type WhereWeAre } from './kubernetes-api.ts';

const PLAIN_WORD = /^[\w@%+=:,./-]+$/;

/** What such a line begins with. From within the cluster only the namespace is known: contexts are of whoever reads it. */
export function kubectlIn({ context, namespace }: Pick<WhereWeAre, 'context' | 'namespace'>): string {
  const named = PLAIN_WORD.test(context) ? context : `'${context.replaceAll("'", String.raw`'\''`)}'`;
  return `kubectl${context === IN_CLUSTER ? '' : ` --context ${named}`} -n ${namespace}`;
}
