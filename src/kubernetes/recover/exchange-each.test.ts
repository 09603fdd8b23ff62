import { setTimeout as sleep } from 'node:timers/promises';

import { expect, it } from 'vitest';

import { refuse, startScriptedServer, type Answer } from '../api/testing/api-server.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { keepVolumes } from '../reset/keep-volumes.ts';
import { resetContext } from '../reset/testing/reset-context.ts';
import { exchangeVolumes } from './rebind-steps.ts';
import { boundNamespace } from './testing/bound-claims.ts';
import { plannedMember } from './testing/planned-member.ts';
import { swapContext } from './testing/swap-context.ts';

const MEMBERS = [plannedMember(0), plannedMember(1)];
const BOUND = { 'storage-volume-shop-0': 'pv-0', 'storage-volume-shop-1': 'pv-1', 'walkback-7f3a': 'pv-new' };
const VOLUMES = { rehearsed: 'pv-new', volumes: 'pv-0,pv-1' };
const SLOW_MS = 100;

async function recovery(api: KubernetesApi): Promise<unknown> {
  const plan = { ...namespacePlan, swap: { ...namespacePlan.swap, members: MEMBERS } };
  const written = { at: '2026-11-30T03:00:00Z', event: 'done', step: 'retainVolumes', facts: VOLUMES } as const;
  return exchangeVolumes(await swapContext(api, plan, [written]));
}

async function reset(api: KubernetesApi): Promise<unknown> {
  const context = await resetContext(api, MEMBERS);
  await context.journal.append({ event: 'done', step: 'resetRetainVolumes', facts: VOLUMES });
  return keepVolumes(context);
}

it.each([
  ['recovery', recovery],
  ['reset', reset],
])('an exchange of a %s that fails is told when nothing of it is under way any more', async (_what, exchange) => {
  const kept = boundNamespace(BOUND);
  const answer: Answer = async (received, response) => {
    const { method, path } = received;
    if (method === 'PATCH' && path.includes('/persistentvolumes/pv-0')) return refuse(response, 422, 'Invalid', 'no');
    if (method !== 'GET') await sleep(SLOW_MS);
    return kept.answer(received, response);
  };
  await using server = await startScriptedServer(answer, { attemptIdleMs: 2000, callMs: 5000 });
  await expect(exchange(server.api)).rejects.toThrow(/no/);
  const changes = (): number => server.received.filter(({ method }) => method !== 'GET').length;
  const before = changes();
  await sleep(5 * SLOW_MS);
  expect(changes()).toBe(before);
});
