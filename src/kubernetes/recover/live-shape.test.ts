import { expect, it } from 'vitest';

import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { liveShapeOf } from './live-shape.ts';
import { statefulSetWith } from './testing/cluster-objects.ts';
import { swapContext } from './testing/swap-context.ts';

/** The node for a pod of ours, planned where the first member was on n1; and where it is now. */
async function nodeNow(now: string | undefined): Promise<string | undefined> {
  const pod = {
    metadata: { name: 'shop-0' },
    spec: { nodeName: now, volumes: [{ persistentVolumeClaim: { claimName: 'storage-volume-shop-0' } }] },
    status: { phase: 'Running' },
  };
  const kept = keepObjects({
    '/apis/apps/v1/namespaces/shop/statefulsets/shop': statefulSetWith(1),
    ...(now === undefined ? {} : { '/api/v1/namespaces/shop/pods/shop-0': pod }),
  });
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  const swap = { ...namespacePlan.swap, live: { ...namespacePlan.swap.live, node: 'n1' } };
  return (await liveShapeOf(await swapContext(server.api, { ...namespacePlan, swap }))).node;
}

it('a pod of ours goes where the volume is now, and where it was planned if nobody uses it', async () => {
  expect(await nodeNow('n2')).toBe('n2');
  expect(await nodeNow(undefined)).toBe('n1');
});
