import { afterEach, describe, expect, it, vi } from 'vitest';

import type { Event, Pod, StatefulSet } from '../api/kubernetes-objects.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { scaleOutOneByOne } from './members.ts';
import { troubleOfMember, type MemberSight } from './member-trouble.ts';
import { startUnderPause } from './start-under-pause.ts';
import { swapContext } from './testing/swap-context.ts';
import { untilWritable } from './until-open.ts';

const NOW_MS = Date.parse('2026-06-05T15:00:00Z');
const DEADLINES = { attemptIdleMs: 2000, callMs: 5000 };

function event(kind: string, reason: string, message: string, given: { uid?: string; at?: string } = {}): Event {
  const { uid = 'u-pod', at = '2026-06-05T14:59:00Z' } = given;
  return { involvedObject: { kind, name: 'x', uid }, metadata: {}, reason, message, lastTimestamp: at };
}

function pending(reason: string, message: string): Pod {
  const container = { name: 'patroni', image: 'registry/db:1', imageID: '', ready: false, restartCount: 0 };
  return {
    metadata: { name: 'shop-1', uid: 'u-pod' },
    status: { phase: 'Pending', containerStatuses: [{ ...container, state: { waiting: { reason, message } } }] },
  };
}

function look(given: Partial<MemberSight>) {
  return troubleOfMember({ name: 'shop-1', pod: undefined, claims: [], events: [], nowMs: NOW_MS, ...given });
}

const QUOTA =
  'create Pod shop-1 in StatefulSet shop failed error: pods "shop-1" is forbidden: exceeded quota: compute, requested: pods=1';

describe('a member whose pod is not made', () => {
  it('is told by the refusal that its StatefulSet met last, with what to do', () => {
    const found = look({ events: [event('StatefulSet', 'FailedCreate', QUOTA)] });
    expect(found?.message).toContain('exceeded quota: compute');
    expect(found?.remedy).toMatch(/^Free what the quota counts/);
    const shut = QUOTA.replace('exceeded quota: compute', 'violates PodSecurity "restricted:latest"');
    expect(look({ events: [event('StatefulSet', 'FailedCreate', shut)] })?.remedy).toMatch(/administers the namespace/);
  });

  it('is not told by what another member, or an earlier day, met', () => {
    const others = [
      event('StatefulSet', 'FailedCreate', QUOTA.replaceAll('shop-1', 'shop-10')),
      event('StatefulSet', 'FailedCreate', QUOTA, { at: '2026-06-05T14:00:00Z' }),
    ];
    expect(look({ events: others })).toBeUndefined();
  });
});

describe('a member whose pod does not come up', () => {
  it('is told by what keeps its container, its volume, or a node from it', () => {
    expect(look({ pod: pending('ImagePullBackOff', 'not found') })?.message).toContain('registry/db:1');
    const mounting = pending('ContainerCreating', '');
    const events = [event('Pod', 'FailedAttachVolume', 'Multi-Attach error for volume "pv-1"')];
    expect(look({ pod: mounting, events })).toMatchObject({ remedy: expect.stringContaining('another node') });
    const conditions = [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available: 3 cordoned.' }];
    expect(look({ pod: { status: { phase: 'Pending', conditions } } })?.message).toContain('0/3 nodes are available');
  });

  it('is not told by what an earlier pod of its name has left', () => {
    const events = [event('Pod', 'FailedMount', 'no such secret', { uid: 'u-before' })];
    expect(look({ pod: pending('ContainerCreating', ''), events })).toBeUndefined();
  });

  it('has nothing to say once its containers run', () => {
    const running = { name: 'patroni', image: '', imageID: '', ready: false, restartCount: 1, state: { running: {} } };
    expect(look({ pod: { status: { phase: 'Running', containerStatuses: [running] } } })).toBeUndefined();
  });
});

/** A namespace of `shop` in which the quota has refused a pod just now, or the image of `shop-0` cannot be had. */
function namespaceOf() {
  const refused = { ...event('StatefulSet', 'FailedCreate', QUOTA), lastTimestamp: new Date().toISOString() };
  const template = { spec: { containers: [] } };
  const statefulSet: StatefulSet = {
    metadata: { name: 'shop' },
    spec: { replicas: 2, serviceName: 'shop', selector: {}, template },
  };
  const first = { ...pending('ImagePullBackOff', 'not found'), metadata: { name: 'shop-0', uid: 'u-pod' } };
  return keepObjects({
    '/api/v1/namespaces/shop/pods/shop-0': first,
    '/api/v1/namespaces/shop/events/e1': refused,
    '/apis/apps/v1/namespaces/shop/statefulsets/shop': statefulSet,
  });
}

async function withContext(
  work: (context: Awaited<ReturnType<typeof swapContext>>) => Promise<unknown>,
  onNote: () => void = () => {},
) {
  await using server = await startScriptedServer(namespaceOf().answer, DEADLINES);
  const notes: string[] = [];
  const over = new AbortController();
  const plan = {
    ...namespacePlan,
    swap: { ...namespacePlan.swap, statefulSet: { name: 'shop', uid: 'u', replicas: 2 } },
  };
  const context = await swapContext(server.api, plan, [], {
    signal: over.signal,
    onProgress: ({ note = '' }) => {
      notes.push(note);
      onNote();
      if (note.includes('quota')) over.abort();
    },
  });
  const failure: unknown = await work(context).catch((error: unknown) => error);
  return { notes, failure };
}

describe('waiting for a member', () => {
  it('that is to start its server says what keeps its pod, while it waits and in the end', async () => {
    const { notes, failure } = await withContext((context) => startUnderPause(context, 'shop-0', { timeoutMs: 300 }));
    expect(notes[0]).toMatch(/^waits for the server of shop-0: the image registry\/db:1 .*cannot be had/);
    expect(failure).toMatchObject({
      message: expect.stringMatching(/^cannot start the server of shop-0: the image registry\/db:1/),
      remedy: expect.stringMatching(/imagePullSecrets[^]*kubectl describe pod shop-0/),
    });
  });

  it('that is to be a replica says why there is no pod', async () => {
    const { notes } = await withContext((context) => scaleOutOneByOne(context, 'shop-0'));
    expect(notes).toEqual(['shop-1', expect.stringMatching(/^shop-1: pod shop-1 cannot be made: .*exceeded quota/)]);
  });

  describe('that was led by its pod, which cannot come up for good', () => {
    afterEach(() => vi.useRealTimers());

    it.each([
      ['and that has to be started', { pod: 'shop-0', start: {} }],
      ['and that is looked at again and again', { pod: 'shop-0', start: { timeoutMs: 1 } }],
    ])('%s ends with what keeps it, minutes before one that may only be slow', async (_title, toOpen) => {
      vi.useFakeTimers({ toFake: ['performance'] });
      const { failure } = await withContext(
        (context) => untilWritable(context, async () => toOpen),
        () => vi.advanceTimersByTime(100_000),
      );
      expect(failure).toMatchObject({
        kind: 'unavailable',
        message: expect.stringContaining('the image registry/db:1'),
      });
      expect(performance.now()).toBeLessThan(600_000);
    });
  });
});
