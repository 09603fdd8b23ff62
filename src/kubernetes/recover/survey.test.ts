import { describe, expect, it } from 'vitest';

import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { pause, survey } from './survey.ts';
import { plannedMember } from './testing/planned-member.ts';
import { patroniObjects } from './testing/cluster-objects.ts';
import { swapContext } from './testing/swap-context.ts';

const IN_NAMESPACE = '/api/v1/namespaces/shop';
const MEMBER = plannedMember(0);
/** Objects beside those of the cluster, or in place of them. */
type Others = Parameters<typeof keepObjects>[0];

/** Takes a step in a cluster of one planned member, of which this pod has the leader's lock; these pods run, and have said that they are paused. */
async function taken(take: typeof survey, leader: string, ...running: readonly string[]) {
  return takenBeside({}, take, leader, ...running);
}

async function takenBeside(others: Others, take: typeof survey, leader: string, ...running: readonly string[]) {
  const pods = running.map((name) => [
    `${IN_NAMESPACE}/pods/${name}`,
    { metadata: { name, annotations: { status: '{"pause":true}' } }, status: { phase: 'Running' } },
  ]);
  const kept = keepObjects({
    ...Object.fromEntries(pods),
    '/apis/apps/v1/namespaces/shop/statefulsets/shop': {
      metadata: { name: 'shop', uid: 'u-1' },
      spec: { replicas: 2 },
    },
    [`${IN_NAMESPACE}/configmaps/shop-config`]: {
      metadata: { name: 'shop-config', resourceVersion: '1', annotations: { config: '{}' } },
    },
    [`${IN_NAMESPACE}/configmaps/shop-leader`]: { metadata: { name: 'shop-leader', annotations: { leader } } },
    ...others,
  });
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  const swap = { ...namespacePlan.swap, members: [MEMBER], patroni: patroniObjects };
  // The server is closed when this returns.
  return await take(await swapContext(server.api, { ...namespacePlan, swap }));
}

const surveyed = async (leader: string, ...running: readonly string[]) => taken(survey, leader, ...running);

describe('what there is before a cutover or an undo', () => {
  it('is who leads, of the members in the plan', async () => {
    expect(await surveyed('shop-0', 'shop-0')).toMatchObject({ leader: 'shop-0', replicas: 2 });
  });

  it('is refused while a member leads that came after the plan: nothing of it would be archived or kept', async () => {
    await expect(surveyed('shop-1', 'shop-0', 'shop-1')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('shop-1 leads, which is no member in the plan'),
      remedy: expect.stringContaining('patronictl switchover shop-scope --leader shop-1 --candidate shop-0'),
    });
  });

  it('is that nobody leads, where the lock is one of a pod that has gone', async () => {
    expect(await surveyed('shop-1', 'shop-0')).toMatchObject({ leader: '' });
    expect(await surveyed('', 'shop-0')).toMatchObject({ leader: '' });
  });
});

describe('what would be met with the cluster down', () => {
  it('is a StatefulSet that removes its claims when it is scaled down', async () => {
    const statefulSet = {
      metadata: { name: 'shop', uid: 'u-1' },
      spec: { replicas: 2, persistentVolumeClaimRetentionPolicy: { whenScaled: 'Delete' } },
    };
    const at = '/apis/apps/v1/namespaces/shop/statefulsets/shop';
    await expect(takenBeside({ [at]: statefulSet }, survey, 'shop-0', 'shop-0')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('whenScaled is Delete'),
      remedy: expect.stringContaining('kubectl --context here -n shop patch statefulset shop'),
    });
  });

  const user = (labels: Readonly<Record<string, string>>, phase = 'Running') => ({
    [`${IN_NAMESPACE}/pods/copier`]: {
      metadata: { name: 'copier', labels },
      spec: { volumes: [{ persistentVolumeClaim: { claimName: MEMBER.claim } }] },
      status: { phase },
    },
  });

  it('is a pod of somebody else that uses a volume: it would be waited for', async () => {
    await expect(takenBeside(user({}), survey, 'shop-0', 'shop-0')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('pod copier uses a volume'),
      remedy: expect.stringContaining('kubectl --context here -n shop describe pod copier'),
    });
    await expect(takenBeside(user({}, 'Succeeded'), survey, 'shop-0', 'shop-0')).rejects.toThrow(/copier/);
  });

  it('is a rehearsal of another plan in the same volume', async () => {
    await expect(takenBeside(user({ 'walkback/recovery': 'beef' }), survey, 'shop-0', 'shop-0')).rejects.toMatchObject({
      remedy: expect.stringContaining('walkback rehearse --discard beef'),
    });
  });

  it('is none of this recovery, and no short Job of another that is over', async () => {
    const { id } = namespacePlan.recovery;
    const own = user({ 'walkback/recovery': id });
    const over = user({ 'walkback/recovery': 'beef' }, 'Succeeded');
    for (const others of [own, over])
      expect(await takenBeside(others, survey, 'shop-0', 'shop-0')).toMatchObject({ leader: 'shop-0' });
  });
});

describe('who leads when Patroni is paused', () => {
  it('is told again: another may have taken over since the survey', async () => {
    expect(await taken(pause, 'shop-0', 'shop-0')).toMatchObject({ leader: 'shop-0' });
  });

  it('may have gone, and is started again if it is of the plan', async () => {
    expect(await taken(pause, 'shop-0')).toMatchObject({ leader: 'shop-0' });
    expect(await taken(pause, 'shop-1', 'shop-0')).toMatchObject({ leader: '' });
  });

  it('is no member that came after the plan: what it has written would be left behind', async () => {
    await expect(taken(pause, 'shop-1', 'shop-0', 'shop-1')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('shop-1 leads, which is no member in the plan'),
    });
  });
});
