import { expect, it } from 'vitest';

import type { Pod } from '../api/kubernetes-objects.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects, type KeptObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { archiveRest } from './live-steps.ts';
import { plannedMember } from './testing/planned-member.ts';
import { statefulSetWith } from './testing/cluster-objects.ts';
import { swapContext } from './testing/swap-context.ts';

const IN_NAMESPACE = '/api/v1/namespaces/shop';
const JOB = '/apis/batch/v1/namespaces/shop/jobs/walkback-7f3a-rest';
const MEMBER = plannedMember(0);
/** The server was killed, and its archiver had left one. */
const STOPPED = { event: 'done', step: 'stopLive', facts: { controlState: 'in production', unarchived: 1 } } as const;

const ENDED = {
  name: 'volume',
  state: { terminated: { exitCode: 0 } },
  ready: false,
  restartCount: 0,
  image: '',
  imageID: '',
};

/** A Job's pod, which has ended: it is there for as long as the Job is, and uses the claim. */
function addPod({ objects, logs }: KeptObjects, name: string): void {
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: MEMBER.claim } }];
  const pod: Pod = {
    metadata: { name, uid: name, labels: { 'job-name': 'walkback-7f3a-rest' } },
    spec: { containers: [], volumes },
    status: { phase: 'Succeeded', containerStatuses: [ENDED] },
  };
  objects.set(`${IN_NAMESPACE}/pods/${name}`, pod);
  logs.set(name, '{"did":"archiveRest","pushed":2}\n');
}

const COMPLETE = { status: { conditions: [{ type: 'Complete', status: 'True' }] } };

it('pushes what a stopped server has left, though a killed run has left its Job on the claim', async () => {
  const kept = keepObjects(
    {
      '/apis/apps/v1/namespaces/shop/statefulsets/shop': statefulSetWith(0),
      [`${IN_NAMESPACE}/configmaps/walkback-recovery-7f3a`]: {
        metadata: { name: 'walkback-recovery-7f3a', uid: 'j-1' },
      },
      [JOB]: { metadata: { name: 'walkback-7f3a-rest', uid: 'left' }, ...COMPLETE },
    },
    {
      onMade: (path, made, all) => {
        if (!path.endsWith('/jobs')) return;
        all.objects.set(JOB, { ...made, ...COMPLETE });
        addPod(all, 'new');
      },
      onRemoved: (path, all) => {
        if (path === JOB) for (const name of ['left', 'new']) all.objects.delete(`${IN_NAMESPACE}/pods/${name}`);
      },
    },
  );
  addPod(kept, 'left');
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  const plan = { ...namespacePlan, swap: { ...namespacePlan.swap, members: [MEMBER] } };
  const context = await swapContext(server.api, plan, [{ at: '2026-11-30T03:00:00Z', ...STOPPED }]);
  expect(await archiveRest(context, 'stopLive', MEMBER.claim, 'rest')).toEqual({ pushed: 2 });
  const removed = server.received.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
  expect(removed.filter((path) => path.startsWith(JOB))).toHaveLength(2);
});
