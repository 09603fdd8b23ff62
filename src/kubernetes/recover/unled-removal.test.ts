import { describe, expect, it } from 'vitest';

import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import type { RecoveryWay } from '../find/rights.ts';
import { refuseUnplanned } from './survey.ts';
import { patroniObjects } from './testing/cluster-objects.ts';
import { plannedMember } from './testing/planned-member.ts';
import { swapContext } from './testing/swap-context.ts';

const IN_NAMESPACE = '/api/v1/namespaces/shop';

/** Looks before Patroni is paused, with these claims, and this pod as the holder of the leader's lock. */
async function look(way: RecoveryWay, leader: string, ...claims: readonly string[]): Promise<void> {
  const kept = keepObjects({
    ...Object.fromEntries(
      claims.map((name) => [`${IN_NAMESPACE}/persistentvolumeclaims/${name}`, { metadata: { name } }]),
    ),
    [`${IN_NAMESPACE}/configmaps/shop-config`]: { metadata: { name: 'shop-config', annotations: { config: '{}' } } },
    [`${IN_NAMESPACE}/configmaps/shop-leader`]: { metadata: { name: 'shop-leader', annotations: { leader } } },
  });
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  const members = [plannedMember(0), plannedMember(1)];
  const swap = { ...namespacePlan.swap, way, members, patroni: patroniObjects };
  await refuseUnplanned(await swapContext(server.api, { ...namespacePlan, swap }), 'undo');
}

describe('in-volume, which removes the claims of all members but the first', () => {
  it('is refused where nobody leads and there are such claims: they may be ahead', async () => {
    await expect(look('in-volume', '', 'storage-volume-shop-0', 'storage-volume-shop-1')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('nobody leads, and storage-volume-shop-1'),
      remedy: expect.stringContaining('kubectl --context here -n shop scale statefulset/shop --replicas=1'),
    });
  });

  it('goes on where a member has the lock, also one that has crashed', async () => {
    await look('in-volume', 'shop-0', 'storage-volume-shop-0', 'storage-volume-shop-1');
  });

  it('goes on where there is nothing that would be removed', async () => {
    await look('in-volume', '', 'storage-volume-shop-0');
  });

  it('is the only way of which that holds: the others keep every volume', async () => {
    await look('rebind', '', 'storage-volume-shop-0', 'storage-volume-shop-1');
  });
});
