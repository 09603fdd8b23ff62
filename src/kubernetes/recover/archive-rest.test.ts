import { expect, it } from 'vitest';

import type { Job, Pod } from '../api/kubernetes-objects.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects, type KeptObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import type { RecoveryWay } from '../find/rights.ts';
import { archiveRest } from './live-steps.ts';
import { plannedMember } from './testing/planned-member.ts';
import { statefulSetWith } from './testing/cluster-objects.ts';
import { swapContext } from './testing/swap-context.ts';
import { undoSwapSteps } from './undo-steps.ts';

const IN_NAMESPACE = '/api/v1/namespaces/shop';
const JOBS = '/apis/batch/v1/namespaces/shop/jobs';
const REST = 'walkback-7f3a-rest';
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
function addPod({ objects, logs }: KeptObjects, name: string, job: string): void {
  const volumes = [{ name: 'data', persistentVolumeClaim: { claimName: MEMBER.claim } }];
  const pod: Pod = {
    metadata: { name, uid: name, labels: { 'job-name': job } },
    spec: { containers: [], volumes },
    status: { phase: 'Succeeded', containerStatuses: [ENDED] },
  };
  objects.set(`${IN_NAMESPACE}/pods/${name}`, pod);
  logs.set(name, '{"did":"archiveRest","pushed":2}\n');
}

const COMPLETE = { status: { conditions: [{ type: 'Complete', status: 'True' }] } };

/** A cluster that is down, and whose Jobs are complete as soon as they are made. @param mounted told which claim each has. */
function namespaceOf(job: string, mounted: string[]): KeptObjects {
  return keepObjects(
    {
      '/apis/apps/v1/namespaces/shop/statefulsets/shop': statefulSetWith(0),
      [`${IN_NAMESPACE}/configmaps/walkback-recovery-7f3a`]: {
        metadata: { name: 'walkback-recovery-7f3a', uid: 'j-1' },
      },
    },
    {
      onMade: (path, made: Job, all) => {
        if (path !== JOBS) return;
        const [volume] = made.spec?.template.spec?.volumes ?? [];
        mounted.push(volume?.persistentVolumeClaim?.claimName ?? '');
        all.objects.set(`${JOBS}/${job}`, { ...made, ...COMPLETE });
        addPod(all, 'new', job);
      },
      onRemoved: (path, all) => {
        if (path === `${JOBS}/${job}`)
          for (const name of ['left', 'new']) all.objects.delete(`${IN_NAMESPACE}/pods/${name}`);
      },
    },
  );
}

it('pushes what a stopped server has left, though a killed run has left its Job on the claim', async () => {
  const kept = namespaceOf(REST, []);
  const left: Job = { metadata: { name: REST, uid: 'left' }, ...COMPLETE };
  kept.objects.set(`${JOBS}/${REST}`, left);
  addPod(kept, 'left', REST);
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  const plan = { ...namespacePlan, swap: { ...namespacePlan.swap, members: [MEMBER] } };
  const context = await swapContext(server.api, plan, [{ at: '2026-11-30T03:00:00Z', ...STOPPED }]);
  expect(await archiveRest(context, 'stopLive', MEMBER.claim, 'rest')).toEqual({ pushed: 2 });
  const removed = server.received.filter(({ method }) => method === 'DELETE').map(({ path }) => path);
  expect(removed.filter((path) => path.startsWith(`${JOBS}/${REST}`))).toHaveLength(2);
});

it.each<[RecoveryWay, string, string]>([
  ['rebind', 'shop-1', 'storage-volume-shop-1'],
  ['recreate', 'shop-1', 'walkback-7f3a-shop-1'],
  ['rebind', '', 'storage-volume-shop-0'],
])(
  'an undo by %s pushes what the member has left that led by then, else the first: leader "%s"',
  async (way, leader, claim) => {
    const mounted: string[] = [];
    const kept = namespaceOf('walkback-7f3a-undo-rest', mounted);
    await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
    const swap = { ...namespacePlan.swap, way, members: [MEMBER, plannedMember(1)] };
    const rehearsalClaim = way === 'recreate' ? 'walkback-7f3a-shop-0' : 'walkback-7f3a';
    const at = '2026-11-30T03:00:00Z';
    const context = await swapContext(server.api, { ...namespacePlan, swap: { ...swap, rehearsalClaim } }, [
      { at, event: 'done', step: 'undoSurvey', facts: { leader } },
      { at, ...STOPPED, step: 'undoStop' },
    ]);
    expect(await undoSwapSteps.undoArchiveRest.do(context)).toEqual({ pushed: 2 });
    expect(mounted).toEqual([claim]);
  },
);
