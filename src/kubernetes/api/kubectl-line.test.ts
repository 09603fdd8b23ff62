import { expect, it } from 'vitest';

import { kubectlIn } from './kubectl-line.ts';

it.each([
  ['prod', 'kubectl --context prod -n shop'],
  ['shop/api-example-org:6443/ann', 'kubectl --context shop/api-example-org:6443/ann -n shop'],
  ["ann's cluster", String.raw`kubectl --context 'ann'\''s cluster' -n shop`],
  ['in-cluster', 'kubectl -n shop'],
])('a line for kubectl names the context %s, as a shell reads it', (context, line) => {
  expect(kubectlIn({ context, namespace: 'shop' })).toBe(line);
});
