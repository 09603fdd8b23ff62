import { describe, expect, it } from 'vitest';

import type { PersistentVolume, PersistentVolumeClaim } from '../api/kubernetes-objects.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { letVolumesGo } from './rebind-steps.ts';
import { plannedMember } from './testing/planned-member.ts';
import { swapContext } from './testing/swap-context.ts';

const MEMBER = plannedMember(0);
const { rehearsalClaim } = namespacePlan.swap;

const claim = (name: string, volumeName: string, isGoing = false): PersistentVolumeClaim => ({
  metadata: { name, uid: name, ...(isGoing ? { deletionTimestamp: '2026-11-30T03:00:00Z' } : {}) },
  spec: { accessModes: [], volumeName },
});

const kept = (name: string): PersistentVolume => ({
  metadata: { name, annotations: { 'walkback/reclaim-policy-before': 'Delete' } },
  spec: { persistentVolumeReclaimPolicy: 'Retain' },
});

/** What becomes of kept volumes when what has kept them is taken back, before it had written down which. */
async function policies(...claims: readonly PersistentVolumeClaim[]): Promise<readonly unknown[]> {
  const volumes = ['pv-0', 'pv-rehearsed'];
  const objects = keepObjects({
    ...Object.fromEntries(
      claims.map((one) => [`/api/v1/namespaces/shop/persistentvolumeclaims/${one.metadata?.name}`, one]),
    ),
    ...Object.fromEntries(volumes.map((name) => [`/api/v1/persistentvolumes/${name}`, kept(name)])),
  });
  await using server = await startScriptedServer(objects.answer, { attemptIdleMs: 2000, callMs: 5000 });
  const plan = { ...namespacePlan, swap: { ...namespacePlan.swap, members: [MEMBER] } };
  await letVolumesGo(
    await swapContext(server.api, plan, [{ at: '2026-11-30T03:00:00Z', event: 'begin', step: 'retainVolumes' }]),
  );
  return volumes.map((name) => {
    const volume: PersistentVolume | undefined = objects.objects.get(`/api/v1/persistentvolumes/${name}`);
    return volume?.spec?.persistentVolumeReclaimPolicy;
  });
}

describe('volumes that were to be kept', () => {
  it('go with their claims again, though it was broken off in the middle', async () => {
    expect(await policies(claim(MEMBER.claim, 'pv-0'), claim(rehearsalClaim, 'pv-rehearsed'))).toEqual([
      'Delete',
      'Delete',
    ]);
    expect(await policies(claim(MEMBER.claim, 'pv-0'))).toEqual(['Delete', 'Retain']);
  });

  it('stay kept while their claim is on its way out: nothing else holds them', async () => {
    expect(await policies(claim(MEMBER.claim, 'pv-0', true), claim(rehearsalClaim, 'pv-rehearsed'))).toEqual([
      'Retain',
      'Delete',
    ]);
  });
});
