import { describe, expect, it } from 'vitest';

import { startScriptedServer } from '../api/testing/api-server.ts';
import type { KeptObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import type { RecoveryWay } from '../find/rights.ts';
import type { SwapEntry } from './journal-object.ts';
import { removeReplicaClaims } from './other-way-steps.ts';
import type { NamespacePlan } from './plan-value.ts';
import { exchangeBack, exchangeVolumes, retainNow, retainVolumes, takeExchangeBack } from './rebind-steps.ts';
import { heldNames } from './status.ts';
import { bindings, boundNamespace } from './testing/bound-claims.ts';
import { plannedMember } from './testing/planned-member.ts';
import { swapContext } from './testing/swap-context.ts';

/** One member, and a claim that an earlier scale-down has left. */
function planOf(way: RecoveryWay): NamespacePlan {
  const swap = { ...namespacePlan.swap, way, members: [plannedMember(0)], leftOver: [plannedMember(2)] };
  return { ...namespacePlan, swap };
}

/** A cluster that is down. */
function namespaceOf(): KeptObjects {
  return boundNamespace({
    'storage-volume-shop-0': 'pv-0',
    'storage-volume-shop-2': 'pv-2',
    'walkback-7f3a': 'pv-new',
  });
}

const DEADLINES = { attemptIdleMs: 2000, callMs: 5000 };
const BEFORE = { 'storage-volume-shop-0': 'pv-0', 'storage-volume-shop-2': 'pv-2', 'walkback-7f3a': 'pv-new' };
const AFTER = { 'storage-volume-shop-0': 'pv-new', 'walkback-7f3a-kept-0': 'pv-0', 'walkback-7f3a-kept-2': 'pv-2' };

describe('a claim that an earlier scale-down has left', () => {
  it('is put aside with the members volumes, so that no later scale-up starts it, and given back', async () => {
    const kept = namespaceOf();
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const context = await swapContext(server.api, planOf('rebind'));
    await context.journal.append({ event: 'done', step: 'retainVolumes', facts: await retainVolumes(context) });
    await exchangeVolumes(context);
    expect(bindings(kept)).toEqual(AFTER);
    await takeExchangeBack(context);
    expect(bindings(kept)).toEqual(BEFORE);

    await exchangeVolumes(context);
    await context.journal.append({ event: 'done', step: 'survey', facts: { leader: 'shop-0' } });
    await context.journal.append({ event: 'done', step: 'undoRetainVolumes', facts: await retainNow(context) });
    await exchangeBack(context);
    const { 'walkback-7f3a': _rehearsal, ...members } = BEFORE;
    expect(bindings(kept)).toEqual({ ...members, 'walkback-7f3a-replaced-0': 'pv-new' });
  });

  it('is removed where those of replicas are', async () => {
    const kept = namespaceOf();
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const context = await swapContext(server.api, planOf('in-volume'));
    expect(await removeReplicaClaims(context)).toEqual({ removed: 'storage-volume-shop-2' });
  });

  it('is among what a recovery keeps', () => {
    expect(heldNames(planOf('rebind'), []).map(({ name }) => name)).toContain('walkback-7f3a-kept-2');
    const recovered: SwapEntry = { at: '', event: 'state', state: 'recovered' };
    expect(heldNames(planOf('recreate'), [recovered]).map(({ name }) => name)).toEqual([
      'storage-volume-shop-0',
      'storage-volume-shop-2',
    ]);
  });
});
