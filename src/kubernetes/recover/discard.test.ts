import { describe, expect, it } from 'vitest';

import { refuse, startScriptedServer, type Answer } from '../api/testing/api-server.ts';
import { keepObjects, type KeptObjects } from '../api/testing/kept-objects.ts';
import type { KubernetesObject } from '../api/kubernetes-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import type { RecoveryWay } from '../find/rights.ts';
import type { SwapEntry } from './journal-object.ts';
import { discardSwap } from './recover.ts';
import { swapContext } from './testing/swap-context.ts';

const CLAIM = '/api/v1/namespaces/shop/persistentvolumeclaims/walkback-7f3a';
const JOB = '/apis/batch/v1/namespaces/shop/jobs/walkback-7f3a';
const POLICY = '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/walkback-7f3a';
const JOURNAL = '/api/v1/namespaces/shop/configmaps/walkback-recovery-7f3a';
const AT = '2026-11-30T03:00:00Z';
const STARTING: readonly SwapEntry[] = [
  { at: AT, event: 'state', state: 'rehearsing' },
  { at: AT, event: 'begin', step: 'startRehearsal' },
];

const own = (name = 'walkback-7f3a', id = '7f3a'): KubernetesObject => ({
  metadata: { name, uid: `uid of ${name}`, labels: { 'walkback/recovery': id } },
});

/** Nothing is made here: a quota is used up. */
function fullNamespace(kept: KeptObjects): Answer {
  return (received, response) => {
    if (received.method !== 'POST' || received.path.includes('/selfsubject')) return kept.answer(received, response);
    return refuse(response, 403, 'Forbidden', 'exceeded quota: full');
  };
}

/** Throws the rehearsal away where nothing may be made, and the StatefulSet has been removed. */
async function discarded(way: RecoveryWay, objects: Readonly<Record<string, KubernetesObject>>) {
  const kept = keepObjects({ ...objects, [JOURNAL]: own('walkback-recovery-7f3a') });
  await using server = await startScriptedServer(fullNamespace(kept), { attemptIdleMs: 2000, callMs: 5000 });
  const plan = { ...namespacePlan, swap: { ...namespacePlan.swap, way } };
  const context = await swapContext(server.api, plan, STARTING);
  await discardSwap(context);
  return {
    left: [...kept.objects.keys()].filter((path) => path !== JOURNAL),
    made: server.received.filter(({ method }) => method === 'POST'),
    entries: context.journal.entries.slice(STARTING.length),
  };
}

describe('a rehearsal whose start was refused', () => {
  it('is thrown away with what was made of it, and nothing is made for that', async () => {
    const { left, made, entries } = await discarded('rebind', { [CLAIM]: own(), [POLICY]: own() });
    expect({ left, made }).toEqual({ left: [], made: [] });
    expect(entries).toMatchObject([{ event: 'state', state: 'discarded' }]);
  });

  it('has restored nothing into a live volume', async () => {
    expect(await discarded('in-volume', { [POLICY]: own() })).toMatchObject({ left: [], made: [] });
  });

  it('leaves a claim of its name that is of something else', async () => {
    expect(await discarded('rebind', { [CLAIM]: own('walkback-7f3a', 'beef') })).toMatchObject({ left: [CLAIM] });
  });
});

it('a rehearsal whose start was killed is thrown away with its Job, and the journal says that there was one', async () => {
  const { left, made, entries } = await discarded('rebind', { [CLAIM]: own(), [JOB]: own(), [POLICY]: own() });
  expect({ left, made }).toEqual({ left: [], made: [] });
  expect(entries).toMatchObject([
    { event: 'done', step: 'startRehearsal', facts: { claim: 'walkback-7f3a', claimUid: 'uid of walkback-7f3a' } },
    { event: 'state', state: 'discarded' },
  ]);
});
