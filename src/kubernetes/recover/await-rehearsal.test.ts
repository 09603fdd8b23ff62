import { expect, it } from 'vitest';

import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { rehearsalsIn } from '../rehearse/rehearsals-in.ts';
import type { VolumeStatus } from '../volume/volume-status.ts';
import { rehearseSwapSteps } from './cutover-steps.ts';
import type { SwapEntry } from './journal-object.ts';
import { statefulSetWith } from './testing/cluster-objects.ts';
import { swapContext } from './testing/swap-context.ts';

const AT = '2026-11-30T03:00:00Z';
const STARTED: SwapEntry = {
  at: AT,
  event: 'done',
  step: 'startRehearsal',
  facts: { job: 'walkback-7f3a', claim: 'walkback-7f3a', claimUid: 'c-1' },
};

/** Waits for a rehearsal that stands at the target of before, and goes to the one that it is told. @returns where it stands then, and what it was told. */
async function awaited(...entries: readonly SwapEntry[]) {
  const kept = keepObjects({
    '/apis/apps/v1/namespaces/shop/statefulsets/shop': statefulSetWith(1),
    '/api/v1/namespaces/shop/configmaps/walkback-recovery-7f3a': {
      metadata: { name: 'walkback-recovery-7f3a', uid: 'j' },
    },
  });
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  const told: string[] = [];
  const status = (targetLsn: string): VolumeStatus => ({
    version: 1,
    id: '7f3a',
    state: 'standing',
    starts: 1,
    at: AT,
    progress: null,
    replayLsn: targetLsn,
    targetLsn,
    finished: null,
    problem: null,
    otherCollations: ['database shop (2.31, now 2.36)'],
    damagedFiles: 'base/5/1 (blocks 7, in base_1)',
  });
  const rehearsals = {
    ...rehearsalsIn(server.api),
    goOn: async () => {},
    untilStanding: async () => status('0/1'),
    step: async (_ref: unknown, { target }: { readonly target: { readonly lsn: string } }) => {
      told.push(target.lsn);
      return status(target.lsn);
    },
  };
  const context = await swapContext(server.api, namespacePlan, [STARTED, ...entries], { rehearsals });
  const facts = await rehearseSwapSteps.awaitRehearsal.do(context);
  return { facts, told };
}

it('goes on with a step that was broken off: the plan is of the new target, what stands is at the old one', async () => {
  const { lsn } = namespacePlan.recovery.target;
  const undone: SwapEntry = { at: AT, event: 'undone', step: 'awaitRehearsal' };
  expect(await awaited()).toMatchObject({ facts: { targetLsn: '0/1' }, told: [] });
  expect(await awaited(undone)).toMatchObject({ facts: { targetLsn: lsn }, told: [lsn] });
});

it('says what is wrong with the data although their server runs', async () => {
  const { facts } = await awaited();
  expect(facts).toMatchObject({
    otherCollations: 'database shop (2.31, now 2.36)',
    damagedFiles: 'base/5/1 (blocks 7, in base_1)',
  });
});

it('says that roles were not compared where no pod of the live cluster runs', async () => {
  const { facts } = await awaited();
  expect(facts).toMatchObject({ rolesNotCompared: 'the live server does not run' });
});
