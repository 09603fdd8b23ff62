import { describe, expect, it } from 'vitest';

import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import type { RecoveryWay } from '../find/rights.ts';
import { plannedMember } from './testing/planned-member.ts';
import { refuseUnplannedClaims, type UnderWay } from './unplanned-claims.ts';

const common = {
  ...namespacePlan.swap,
  claimTemplate: 'storage-volume',
  members: [plannedMember(0)],
  leftOver: [plannedMember(2)],
};

/** Looks, in a namespace with these claims. */
async function look(way: RecoveryWay, names: readonly string[], underWay: Partial<UnderWay> = {}): Promise<void> {
  const answer = () => ({ metadata: {}, items: names.map((name) => ({ metadata: { name } })) });
  await using server = await startScriptedServer(answer, { attemptIdleMs: 2000, callMs: 5000 });
  const statefulSet = { ...common.statefulSet, name: 'shop' };
  const plan = { recovery: { id: '7f3a' }, swap: { ...common, statefulSet, way } };
  await refuseUnplannedClaims(server.api, plan, { doing: 'cutover', isLed: true, ...underWay });
}

const OTHERS = ['storage-volume-shopping-1', 'storage-volume-shop-x', 'walkback-7f3a', 'other-shop-1'];

const MEMBERS = ['storage-volume-shop-0', 'storage-volume-shop-1', 'storage-volume-shop-2'];

describe('claims that are not in the plan', () => {
  it.each(['rebind', 'in-volume', 'clone'] as const)(
    'of a member that came since refuse a cutover by %s',
    async (way) => {
      await expect(look(way, MEMBERS)).rejects.toThrow(
        /^cannot exchange the data of shop: storage-volume-shop-1 came after recovery 7f3a was planned$/,
      );
    },
  );

  it('are only to be removed where somebody leads whose copy they are', async () => {
    await expect(look('rebind', MEMBERS)).rejects.toMatchObject({
      remedy: expect.stringContaining('delete persistentvolumeclaim storage-volume-shop-1\n'),
    });
    await expect(look('rebind', MEMBERS, { isLed: false })).rejects.toMatchObject({
      remedy: expect.not.stringContaining('delete'),
    });
  });

  it('are removed by lines that name the cluster and the namespace', async () => {
    const here = String.raw`kubectl --context here -n shop`;
    await expect(look('rebind', MEMBERS)).rejects.toMatchObject({
      remedy: expect.stringContaining(
        `\n${here} scale statefulset/shop --replicas=1\n${here} delete persistentvolumeclaim `,
      ),
    });
  });

  it('refuse an undo too, which is no way out of itself', async () => {
    for (const isLed of [true, false]) {
      const refusal = look('rebind', MEMBERS, { doing: 'undo', isLed });
      await expect(refusal).rejects.toMatchObject({ remedy: expect.stringContaining('beside the data from before') });
      await expect(refusal).rejects.toMatchObject({ remedy: expect.not.stringContaining('plan again') });
    }
  });

  it('are of no member if they are called otherwise', async () => {
    await look('rebind', ['storage-volume-shop-0', 'storage-volume-shop-2', ...OTHERS]);
  });

  it('start no member of a StatefulSet that is made anew', async () => {
    await look('recreate', MEMBERS);
  });
});
