import { describe, expect, it } from 'vitest';

import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects, type KeptObjects } from '../api/testing/kept-objects.ts';
import type { Job, Pod } from '../api/kubernetes-objects.ts';
import type { RehearsalSight } from './rehearsal.ts';
import { rehearsalsIn } from './rehearsals-in.ts';
import { rehearsalRequest as request } from './testing/rehearsal-request.ts';
import { volumePlan } from './testing/volume-plan.ts';

const DEADLINES = { attemptIdleMs: 2000, callMs: 5000 };
const NAMESPACE = '/namespaces/shop';
const JOB = `/apis/batch/v1${NAMESPACE}/jobs/walkback-7f3a`;
const CLAIM = `/api/v1${NAMESPACE}/persistentvolumeclaims/walkback-7f3a`;

function status(state: string): string {
  const { target } = volumePlan;
  return JSON.stringify({
    version: 1,
    at: '2',
    id: '7f3a',
    state,
    targetLsn: target.lsn,
    finished: null,
    problem: null,
  });
}

/** As Kubernetes: a Job gets a pod, which says how far it is, and a pod goes with its Job. */
function namespaceOf(says: string): KeptObjects {
  let pods = 0;
  return keepObjects(
    {},
    {
      onMade: (path, { metadata }, { objects, logs }) => {
        if (!path.endsWith('/jobs')) return;
        pods += 1;
        const name = `${metadata?.name}-${pods}`;
        const running = {
          name: 'rehearsal',
          state: { running: {} },
          ready: true,
          restartCount: 0,
          image: '',
          imageID: '',
        };
        const pod: Pod = {
          metadata: { name, labels: { 'job-name': metadata?.name ?? '' }, creationTimestamp: String(pods) },
          status: { phase: 'Running', containerStatuses: [running] },
        };
        objects.set(`/api/v1${NAMESPACE}/pods/${name}`, pod);
        logs.set(name, says);
      },
      onRemoved: (path, { objects }) => {
        if (path !== JOB) return;
        for (const at of objects.keys()) if (at.includes('/pods/')) objects.delete(at);
      },
    },
  );
}

function setJob({ objects }: KeptObjects, type: 'Failed' | 'Complete'): void {
  const job: Job = {
    ...objects.get(JOB),
    status: { conditions: [{ type, status: 'True', reason: 'DeadlineExceeded' }] },
  };
  objects.set(JOB, job);
}

describe('a rehearsal whose Job was given up', () => {
  it.each(['has failed', 'is not there'])('gets another one on the same claim: it %s', async (how) => {
    const kept = namespaceOf(status('standing'));
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const rehearsals = rehearsalsIn(server.api);
    const ref = await rehearsals.start(request);
    const before = kept.objects.get(JOB)?.metadata?.uid;
    if (how === 'has failed') setJob(kept, 'Failed');
    else await server.api.delete({ apiVersion: 'batch/v1', kind: 'Job', name: 'walkback-7f3a' });
    await rehearsals.goOn(ref, request, {});
    expect(kept.objects.get(JOB)?.metadata?.uid).not.toBe(before);
    expect(kept.objects.get(CLAIM)?.metadata?.uid).toBe(ref.claimUid);
    expect(await rehearsals.untilStanding(ref, {})).toMatchObject({ state: 'standing' });
  });

  it('is left as it is while its Job is at work', async () => {
    const kept = namespaceOf(status('standing'));
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const rehearsals = rehearsalsIn(server.api);
    const ref = await rehearsals.start(request);
    const before = kept.objects.get(JOB)?.metadata?.uid;
    await rehearsals.goOn(ref, request, {});
    expect(kept.objects.get(JOB)?.metadata?.uid).toBe(before);
  });

  it('is not begun again on another claim', async () => {
    const kept = namespaceOf(status('standing'));
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const rehearsals = rehearsalsIn(server.api);
    const ref = await rehearsals.start(request);
    kept.objects.delete(CLAIM);
    kept.objects.delete(JOB);
    await expect(rehearsals.goOn(ref, request, {})).rejects.toThrow(/claim walkback-7f3a.* not there/);
    expect(kept.objects.has(JOB)).toBe(false);
  });

  it('is found finished by another Job when nobody has read what the first one said', async () => {
    const said = status('finished').replace('"finished":null', '"finished":{"timeline":2}');
    const kept = namespaceOf(said);
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const rehearsals = rehearsalsIn(server.api);
    const ref = await rehearsals.start(request);
    setJob(kept, 'Complete');
    for (const at of kept.objects.keys()) if (at.includes('/pods/')) kept.objects.delete(at);
    await rehearsals.goOn(ref, request, {});
    expect(await rehearsals.finish(ref, {})).toMatchObject({ timeline: 2 });
  });
});

it('a check that a killed walkback has left is waited for: nothing is cut over while it runs', async () => {
  const kept = namespaceOf(status('checking'));
  await using server = await startScriptedServer(kept.answer, DEADLINES);
  const rehearsals = rehearsalsIn(server.api);
  const ref = await rehearsals.start(request);
  const seen: (string | undefined)[] = [];
  const onSight = ({ status: one }: RehearsalSight): void => {
    seen.push(one?.state);
    kept.logs.set('walkback-7f3a-1', status('standing').replace('"at":"2"', '"at":"3"'));
  };
  expect(await rehearsals.untilStanding(ref, { onSight })).toMatchObject({ state: 'standing' });
  expect(seen).toEqual(['checking', 'standing']);
});
