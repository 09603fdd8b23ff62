import { expect, it } from 'vitest';

import type { Secret, StatefulSet } from '../api/kubernetes-objects.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { live, namespacePlan } from '../carry/testing/namespace-plan.ts';
import { savedName } from './names.ts';
import { recreateStatefulSet } from './other-way-steps.ts';
import { plannedMember } from './testing/planned-member.ts';
import { swapContext } from './testing/swap-context.ts';

const PATH = '/apis/apps/v1/namespaces/shop/statefulsets/shop';
const OWN: StatefulSet = {
  metadata: { name: 'shop', uid: 'u-1' },
  spec: {
    replicas: 0,
    serviceName: 'shop',
    selector: {},
    template: { spec: live.podSpec },
    volumeClaimTemplates: [{ metadata: { name: 'storage-volume' }, spec: {} }],
  },
};

it.each([
  ['is left', {}, []],
  ['is made anew when it is on its way out', { deletionTimestamp: '2026-11-30T03:00:00Z' }, ['DELETE', 'POST']],
])('a StatefulSet that has its own claims already %s', async (_what, metadata, changes) => {
  const saved = Buffer.from(JSON.stringify(OWN)).toString('base64');
  const secret: Secret = { metadata: { name: savedName('7f3a') }, data: { 'StatefulSet.shop': saved } };
  const kept = keepObjects({
    [PATH]: { ...OWN, metadata: { ...OWN.metadata, ...metadata } },
    [`/api/v1/namespaces/shop/secrets/${savedName('7f3a')}`]: secret,
  });
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  const swap = { ...namespacePlan.swap, way: 'recreate' as const, members: [plannedMember(0)] };
  const context = await swapContext(server.api, { ...namespacePlan, swap });
  expect(await recreateStatefulSet(context, true)).toEqual({ template: 'storage-volume' });
  expect(server.received.map(({ method }) => method).filter((method) => method !== 'GET')).toEqual(changes);
  const now = kept.objects.get(PATH);
  expect(now?.metadata?.deletionTimestamp).toBeUndefined();
});
