import { describe, expect, it } from 'vitest';

import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import type { KeptObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { keepVolumes, takeVolumesBack } from '../reset/keep-volumes.ts';
import { resetSteps } from '../reset/steps.ts';
import { resetContext } from '../reset/testing/reset-context.ts';
import type { SwapContext } from './context.ts';
import { cutoverSwapSteps } from './cutover-steps.ts';
import type { SwapEntry } from './journal-object.ts';
import type { NamespacePlan } from './plan-value.ts';
import { exchangeVolumes, retainVolumes, takeExchangeBack } from './rebind-steps.ts';
import { bindings, boundNamespace, makeClaim, policyOf, removeVolume } from './testing/bound-claims.ts';
import { plannedMember } from './testing/planned-member.ts';
import { swapContext } from './testing/swap-context.ts';

const DEADLINES = { attemptIdleMs: 2000, callMs: 5000 };
const MEMBERS = [plannedMember(0), plannedMember(1)];
const PLAN: NamespacePlan = { ...namespacePlan, swap: { ...namespacePlan.swap, members: MEMBERS } };
const REPLICA = 'storage-volume-shop-1';
const BEFORE = { 'storage-volume-shop-0': 'pv-0', [REPLICA]: 'pv-1', 'walkback-7f3a': 'pv-new' };
/** The first member leads. */
const SURVEYED: SwapEntry = {
  at: '2026-11-30T03:00:00Z',
  event: 'done',
  step: 'survey',
  facts: { leader: 'shop-0', volume: 'pv-0' },
};

/** A recovery that has written its volumes down, and then stopped. */
async function begun(api: KubernetesApi): Promise<SwapContext> {
  const context = await swapContext(api, PLAN, [SURVEYED]);
  await context.journal.append({ event: 'done', step: 'retainVolumes', facts: await retainVolumes(context) });
  return context;
}

async function scaleDown(context: SwapContext): Promise<void> {
  const facts = await cutoverSwapSteps.scaleDown.do(context);
  await context.journal.append({ event: 'done', step: 'scaleDown', facts });
}

/** Somebody has made a member anew: its claim is on another volume. */
function makeAnew(kept: KeptObjects, isOldRemoved: boolean): void {
  if (isOldRemoved) removeVolume(kept, 'pv-1');
  makeClaim(kept, REPLICA, 'pv-anew');
}

describe('a replica that is made anew after the volumes were written down', () => {
  it.each([false, true])(
    'is kept as it is once the cluster is down; its volume of before is removed: %s',
    async (isOldRemoved) => {
      const kept = boundNamespace(BEFORE);
      await using server = await startScriptedServer(kept.answer, DEADLINES);
      const context = await begun(server.api);
      makeAnew(kept, isOldRemoved);
      await scaleDown(context);
      expect(policyOf(kept, 'pv-anew')).toBe('Retain');
      await exchangeVolumes(context);
      expect(bindings(kept)).toEqual({
        'storage-volume-shop-0': 'pv-new',
        'walkback-7f3a-kept-0': 'pv-0',
        'walkback-7f3a-kept-1': 'pv-anew',
      });
      await takeExchangeBack(context);
      expect(bindings(kept)).toEqual({ ...BEFORE, [REPLICA]: 'pv-anew' });
    },
  );

  it('is kept where an earlier version has scaled it down, and its volume of before is gone', async () => {
    const kept = boundNamespace(BEFORE);
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const context = await begun(server.api);
    makeAnew(kept, true);
    await context.journal.append({ event: 'done', step: 'scaleDown', facts: {} });
    await exchangeVolumes(context);
    expect(bindings(kept)).toMatchObject({ 'walkback-7f3a-kept-0': 'pv-0', 'walkback-7f3a-kept-1': 'pv-anew' });
    expect(bindings(kept)).not.toHaveProperty(REPLICA);
    // Done again, as after a kill.
    await exchangeVolumes(context);
    await takeExchangeBack(context);
    expect(bindings(kept)).toEqual({ ...BEFORE, [REPLICA]: 'pv-anew' });
  });

  it('is put aside and given back by a reset too', async () => {
    const kept = boundNamespace(BEFORE);
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const context = await resetContext(server.api, MEMBERS);
    for (const step of ['resetRetainVolumes', 'resetScaleDown'] as const) {
      await context.journal.append({ event: 'done', step, facts: await resetSteps[step].do(context) });
      if (step === 'resetRetainVolumes') makeAnew(kept, true);
    }
    await keepVolumes(context);
    expect(bindings(kept)).toMatchObject({ 'walkback-7f3a-kept-0': 'pv-0', 'walkback-7f3a-kept-1': 'pv-anew' });
    await takeVolumesBack(context);
    expect(bindings(kept)).toEqual({ ...BEFORE, [REPLICA]: 'pv-anew' });
  });
});

it('a claim that was given its volume only after they were written down is kept too', async () => {
  const { [REPLICA]: _pending, ...bound } = BEFORE;
  const kept = boundNamespace(bound);
  await using server = await startScriptedServer(kept.answer, DEADLINES);
  const context = await begun(server.api);
  makeClaim(kept, REPLICA, 'pv-late');
  await scaleDown(context);
  await exchangeVolumes(context);
  expect(bindings(kept)).toMatchObject({ 'walkback-7f3a-kept-1': 'pv-late' });
});

it('a replica whose volume has been removed keeps nobody from going on, or back', async () => {
  const kept = boundNamespace(BEFORE);
  await using server = await startScriptedServer(kept.answer, DEADLINES);
  const context = await begun(server.api);
  removeVolume(kept, 'pv-1');
  await scaleDown(context);
  await exchangeVolumes(context);
  expect(bindings(kept)).toEqual({ 'storage-volume-shop-0': 'pv-new', 'walkback-7f3a-kept-0': 'pv-0' });
  await takeExchangeBack(context);
  expect(bindings(kept)).toEqual({ 'storage-volume-shop-0': 'pv-0', 'walkback-7f3a': 'pv-new' });
});

it('nothing is exchanged where the claim of the member that led has been made anew since; what it led on is kept once that is gone', async () => {
  const kept = boundNamespace(BEFORE);
  await using server = await startScriptedServer(kept.answer, DEADLINES);
  const context = await begun(server.api);
  makeClaim(kept, 'storage-volume-shop-0', 'pv-anew');
  await expect(scaleDown(context)).rejects.toMatchObject({
    kind: 'conflict',
    message:
      'cannot exchange the volumes of shop: shop-0 led on the volume pv-0, and its claim storage-volume-shop-0 is bound to pv-anew by now',
    remedy: expect.stringContaining('-n shop delete persistentvolumeclaim storage-volume-shop-0\n'),
  });
  await server.api.delete({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: 'storage-volume-shop-0' });
  await scaleDown(context);
  await exchangeVolumes(context);
  expect(bindings(kept)).toMatchObject({ 'storage-volume-shop-0': 'pv-new', 'walkback-7f3a-kept-0': 'pv-0' });
});
