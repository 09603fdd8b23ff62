import { describe, expect, it } from 'vitest';

import type { KubernetesApi } from '../api/kubernetes-api.ts';
import type { Job, Pod } from '../api/kubernetes-objects.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import type { KeptObjects } from '../api/testing/kept-objects.ts';
import { createRecovery } from '../recover/journal-object.ts';
import { discardSwap } from '../recover/recover.ts';
import { statefulSetWith } from '../recover/testing/cluster-objects.ts';
import { swapContext } from '../recover/testing/swap-context.ts';
import { rehearsalsIn } from '../rehearse/rehearsals-in.ts';
import { requestOf } from '../recover/rehearsal-of-plan.ts';
import { denyingNamespace, policiesIn } from '../rehearse/testing/let-out.ts';
import { endCarrier, removePolicyOfEnded, startCarrier } from './carrier.ts';
import { namespacePlan } from './testing/namespace-plan.ts';

const JOBS = '/apis/batch/v1/namespaces/shop/jobs';
const JOB = `${JOBS}/walkback-7f3a-in-cluster`;
const POD = '/api/v1/namespaces/shop/pods/carrier';

/** Its pod, which is at work until it is said to have ended. */
function setPod({ objects }: KeptObjects, phase: 'Running' | 'Succeeded'): void {
  const pod: Pod = {
    metadata: { name: 'carrier', labels: { 'job-name': 'walkback-7f3a-in-cluster' } },
    status: { phase },
  };
  objects.set(POD, pod);
}

function setOver({ objects }: KeptObjects, type: 'Complete' | 'Failed'): void {
  const job: Job = { ...objects.get(JOB), status: { conditions: [{ type, status: 'True' }] } };
  objects.set(JOB, job);
}

/** A recovery that a Job was started for. */
async function whereCarried(work: (api: KubernetesApi, kept: KeptObjects) => Promise<void>) {
  const { kept, made } = denyingNamespace(
    { '/apis/apps/v1/namespaces/shop/statefulsets/shop': statefulSetWith(1) },
    {
      onMade: (path, _, all) => {
        if (path === JOBS) setPod(all, 'Running');
      },
      onRemoved: (path, { objects }) => {
        if (path === JOB) objects.delete(POD);
      },
    },
  );
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  await createRecovery(server.api, namespacePlan);
  const { uses } = await swapContext(server.api, namespacePlan);
  await startCarrier(uses, { plan: namespacePlan, work: 'run', account: 'shop-recovery', flags: [] });
  await work(server.api, kept);
  return { made, left: policiesIn(kept) };
}

describe('the pod of a Job that carries a recovery out, where a namespace denies everything', () => {
  it('is let out from before it is made, and stays so when the rehearsal ends in the middle of its work', async () => {
    const { made, left } = await whereCarried(async (api) => {
      const rehearsals = rehearsalsIn(api);
      const ref = await rehearsals.start(await requestOf(await swapContext(api, namespacePlan)));
      await rehearsals.end(ref, {});
    });
    expect(made[0]).toEqual({ job: 'walkback-7f3a-in-cluster', doors: 'out, nobody in' });
    expect(left).toEqual(['walkback-7f3a-in-cluster']);
  });

  it('leaves no policy when it is ended', async () => {
    expect(await whereCarried((api) => endCarrier(api, '7f3a'))).toMatchObject({ left: [] });
  });

  it('is let out anew by the policy of the next one', async () => {
    const { made, left } = await whereCarried(async (api) => {
      const { uses } = await swapContext(api, namespacePlan);
      await startCarrier(uses, { plan: namespacePlan, work: 'undo', account: 'shop-recovery', flags: [] });
    });
    expect(made.map(({ doors }) => doors)).toEqual(['out, nobody in', 'out, nobody in']);
    expect(left).toEqual(['walkback-7f3a-in-cluster']);
  });

  it.each(['Complete', 'Failed'] as const)('loses its policy once it has ended: its Job is %s', async (how) => {
    const { left } = await whereCarried(async (api, kept) => {
      setOver(kept, how);
      setPod(kept, 'Succeeded');
      await removePolicyOfEnded(api, '7f3a');
    });
    expect(left).toEqual([]);
  });

  it('keeps its policy while it is at work, also to its end after somebody has removed its Job', async () => {
    const { left } = await whereCarried(async (api, { objects }) => {
      await removePolicyOfEnded(api, '7f3a');
      objects.delete(JOB);
      await removePolicyOfEnded(api, '7f3a');
    });
    expect(left).toEqual(['walkback-7f3a-in-cluster']);
  });

  it('leaves no policy behind when a terminal throws its recovery away', async () => {
    const { left } = await whereCarried(async (api, kept) => {
      setOver(kept, 'Failed');
      setPod(kept, 'Succeeded');
      await discardSwap(await swapContext(api, namespacePlan));
    });
    expect(left).toEqual([]);
  });
});
