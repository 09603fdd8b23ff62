import { describe, expect, it } from 'vitest';

import type { Job, Pod } from '../api/kubernetes-objects.ts';
import { refuse, startScriptedServer } from '../api/testing/api-server.ts';
import type { KeptChanges, KeptObjects } from '../api/testing/kept-objects.ts';
import { live } from '../carry/testing/namespace-plan.ts';
import { policyOf } from './pod-policy.ts';
import type { VolumeTasksRequest } from './rehearsal.ts';
import { rehearsalsIn } from './rehearsals-in.ts';
import { denyingNamespace, policiesIn } from './testing/let-out.ts';
import { rehearsalRequest as rehearsal } from './testing/rehearsal-request.ts';

const DEADLINES = { attemptIdleMs: 2000, callMs: 5000 };
const PODS = '/api/v1/namespaces/shop/pods';
const JOBS = '/apis/batch/v1/namespaces/shop/jobs';
const REHEARSAL = `${JOBS}/walkback-7f3a`;

const tasks = (name: string): VolumeTasksRequest => ({
  name,
  live,
  walkback: { kind: 'inImage' },
  archive: 'container',
  tasks: [{ do: 'archiveRest' }],
});

const ended = (exitCode: number) => ({
  name: 'volume',
  state: { terminated: { exitCode } },
  ready: false,
  restartCount: 0,
  image: '',
  imageID: '',
});

/** As Kubernetes: a Job of tasks gets a pod which ends at once, and that goes with it; a policy must be there for as long. */
function jobsThat(how: 'Complete' | 'Failed'): KeptChanges {
  return {
    onMade: (path, made, { objects, logs }) => {
      const name = made.metadata?.name ?? '';
      if (path !== JOBS || name === 'walkback-7f3a') return;
      const job: Job = { ...made, status: { conditions: [{ type: how, status: 'True' }] } };
      objects.set(`${JOBS}/${name}`, job);
      const pod: Pod = {
        metadata: { name: `${name}-pod`, labels: { 'job-name': name } },
        status: {
          phase: how === 'Complete' ? 'Succeeded' : 'Failed',
          containerStatuses: [ended(how === 'Complete' ? 0 : 70)],
        },
      };
      objects.set(`${PODS}/${name}-pod`, pod);
      logs.set(`${name}-pod`, how === 'Complete' ? '{"did":"archiveRest","pushed":2}\n' : '');
    },
    onRemoved: (path, { objects }) => {
      if (path.startsWith(`${JOBS}/`)) objects.delete(`${PODS}/${path.slice(JOBS.length + 1)}-pod`);
    },
  };
}

async function inDenyingNamespace(
  work: (rehearsals: ReturnType<typeof rehearsalsIn>, kept: KeptObjects) => Promise<void>,
  how: 'Complete' | 'Failed' = 'Complete',
) {
  const { kept, made } = denyingNamespace({}, jobsThat(how));
  await using server = await startScriptedServer(kept.answer, DEADLINES);
  await work(rehearsalsIn(server.api), kept);
  return { made, left: policiesIn(kept) };
}

describe('pods of ours, where a namespace denies everything', () => {
  it('of a rehearsal are let out from before they are made until it has ended', async () => {
    const { made, left } = await inDenyingNamespace(async (rehearsals, kept) => {
      const ref = await rehearsals.start(rehearsal);
      expect(policiesIn(kept)).toEqual(['walkback-7f3a']);
      kept.objects.delete(REHEARSAL);
      await rehearsals.start(rehearsal);
      await rehearsals.end(ref, {});
    });
    const letOut = { job: 'walkback-7f3a', doors: 'out, nobody in' };
    expect(made).toEqual([letOut, letOut]);
    expect(left).toEqual([]);
  });

  it.each(['rest', 'undo-rest', 'reopen', 'swap', 'back', 'release', 'probe-0'])(
    'of the short work "%s" are let out too, when no rehearsal is there any more',
    async (what) => {
      const { made, left } = await inDenyingNamespace(async (rehearsals) => {
        await rehearsals.run(tasks(`7f3a-${what}`), {});
      });
      expect(made).toEqual([{ job: `walkback-7f3a-${what}`, doors: 'out, nobody in' }]);
      expect(left).toEqual([]);
    },
  );

  it('of short work leave the policy of a rehearsal that stands beside it', async () => {
    const { made, left } = await inDenyingNamespace(async (rehearsals) => {
      await rehearsals.start(rehearsal);
      await rehearsals.run(tasks('7f3a-rest'), {});
    });
    expect(made.map(({ doors }) => doors)).toEqual(['out, nobody in', 'out, nobody in']);
    expect(left).toEqual(['walkback-7f3a']);
  });

  it('of a Job that an earlier run has left without a policy are let out', async () => {
    const { left } = await inDenyingNamespace(async (rehearsals, kept) => {
      const job: Job = { metadata: { name: 'walkback-7f3a-rest', uid: 'left' }, status: {} };
      kept.objects.set(`${JOBS}/walkback-7f3a-rest`, job);
      const over = new AbortController();
      const running = rehearsals.run(tasks('7f3a-rest'), { signal: over.signal, onSight: () => over.abort() });
      await expect(running).rejects.toThrow(/abort/);
    });
    expect(left).toEqual(['walkback-7f3a-rest']);
  });

  it('leave no policy when their work has failed, or is ended', async () => {
    const { left } = await inDenyingNamespace(async (rehearsals) => {
      await expect(rehearsals.run(tasks('7f3a-rest'), {})).rejects.toMatchObject({ kind: 'failed' });
      await rehearsals.endRun('7f3a-swap', {});
    }, 'Failed');
    expect(left).toEqual([]);
  });

  it('are not made where a policy of somebody else has their name', async () => {
    const { made } = await inDenyingNamespace(async (rehearsals, kept) => {
      kept.objects.set('/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/walkback-7f3a', {
        kind: 'NetworkPolicy',
        metadata: { name: 'walkback-7f3a', labels: { 'walkback/recovery': 'beef' } },
      });
      await expect(rehearsals.start(rehearsal)).rejects.toMatchObject({
        kind: 'conflict',
        message: expect.stringContaining('there is a NetworkPolicy walkback-7f3a already'),
      });
    });
    expect(made).toEqual([]);
  });

  it('of short work are made also where no policy may be: the cluster may be down, and most namespaces let them out', async () => {
    const { kept, made } = denyingNamespace({}, jobsThat('Complete'));
    await using server = await startScriptedServer((received, response) => {
      if (!received.path.includes('/networkpolicies')) return kept.answer(received, response);
      if (received.method === 'GET') return refuse(response, 404, 'NotFound', 'not found');
      return refuse(response, 403, 'Forbidden', 'exceeded quota');
    }, DEADLINES);
    const rehearsals = rehearsalsIn(server.api);
    expect(await rehearsals.run(tasks('7f3a-rest'), {})).toEqual([{ did: 'archiveRest', pushed: 2 }]);
    expect(made.map(({ job }) => job)).toEqual(['walkback-7f3a-rest']);
    await expect(rehearsals.start(rehearsal)).rejects.toMatchObject({ kind: expect.stringMatching(/denied|refused/) });
    expect(made).toHaveLength(1);
  });

  it('have no policy without the label of a recovery: it would select every pod', () => {
    expect(() => policyOf({ metadata: { name: 'walkback-7f3a' } })).toThrow(/of no recovery/);
  });
});
