import { describe, expect, it } from 'vitest';

import { Failure } from '../../base/failure.ts';
import type { Event, StatefulSet } from '../api/kubernetes-objects.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import type { SwapContext } from './context.ts';
import type { SwapEntry } from './journal-object.ts';
import { cutOverSwap } from './recover.ts';
import { releaseSwap } from './release.ts';
import { tellBegun, tellReleased, tellStayed, tellStopped, tellTakenBack } from './story-of-run.ts';
import { tellEvent } from './tell-story.ts';
import { swapContext } from './testing/swap-context.ts';

const DEADLINES = { attemptIdleMs: 2000, callMs: 5000 };
const STATEFULSET = '/apis/apps/v1/namespaces/shop/statefulsets/shop';
const at = '2026-11-30T03:00:00Z';

interface Given {
  readonly uid?: string;
  readonly annotations?: Record<string, string>;
  readonly readyReplicas?: number;
  readonly entries?: readonly SwapEntry[];
}

/** What is told in a namespace whose StatefulSet is as given. */
async function toldBy(given: Given, work: (context: SwapContext) => Promise<unknown>) {
  const { uid = 'u-1', annotations = {}, readyReplicas = 1, entries = [] } = given;
  const statefulSet: StatefulSet = {
    metadata: { name: 'shop', uid, annotations },
    spec: { serviceName: 'shop', selector: {}, template: {} },
    status: { replicas: 1, readyReplicas },
  };
  const kept = keepObjects({ [STATEFULSET]: statefulSet });
  await using server = await startScriptedServer(kept.answer, DEADLINES);
  const failure: unknown = await work(await swapContext(server.api, namespacePlan, entries)).then(
    () => undefined,
    (error: unknown) => error,
  );
  const events = [...kept.objects].flatMap(([path, object]): Event[] =>
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what is made under this path is one
    path.includes('/events/') ? [object as Event] : [],
  );
  return { story: kept.objects.get(STATEFULSET)?.metadata?.annotations?.['walkback/story'], events, failure };
}

const ID = namespacePlan.recovery.id;
const OURS = { annotations: { 'walkback/recovery': ID, 'walkback/story': `taken back; walkback undo ${ID}` } };

describe('an Event', () => {
  it('is of the StatefulSet that is there now, also if that was made anew', async () => {
    const { events } = await toldBy({ uid: 'u-anew' }, (context) => tellEvent(context, 'Recovered', 'it is'));
    expect(events).toMatchObject([
      { involvedObject: { kind: 'StatefulSet', name: 'shop', uid: 'u-anew' }, reason: 'Recovered', type: 'Normal' },
    ]);
  });
});

describe('a run', () => {
  it('that has begun is told by the annotation, in place of what was true before', async () => {
    const { story } = await toldBy(OURS, (context) => tellBegun(context, 'recovery', 'its undo'));
    expect(story).toBe(`recovery ${ID}: its undo has begun, and is not at its end: walkback recover status ${ID}`);
  });

  it('that has failed is a warning, with what to type', async () => {
    const failure = new Failure('failed', {
      message: 'cannot go on',
      remedy: 'Mend it.\nTo go on:  walkback undo 7f3a',
    });
    const { events } = await toldBy({}, (context) => tellStopped(context, 'recovery', failure, true));
    expect(events).toMatchObject([
      {
        type: 'Warning',
        reason: 'RecoveryFailed',
        message: `recovery ${ID}: cannot go on. Mend it. To go on:  walkback undo 7f3a`,
      },
    ]);
  });

  it('that somebody has stopped is a warning if it has left the cluster down', async () => {
    const stopped = new DOMException('stopped', 'AbortError');
    const stop = (isUp: boolean) => toldBy({}, (context) => tellStopped(context, 'reset', stopped, isUp));
    expect((await stop(false)).events).toMatchObject([{ type: 'Warning', reason: 'ResetFailed' }]);
    expect((await stop(true)).events).toEqual([]);
  });

  it('of a cutover that fails says so to everybody, and that the cluster is down', async () => {
    const entries: readonly SwapEntry[] = [
      { at, event: 'state', state: 'cuttingOver' },
      { at, event: 'done', step: 'retainVolumes', facts: {} },
    ];
    const another = { uid: 'u-another', readyReplicas: 0, entries };
    const { story, events, failure } = await toldBy(another, (context) => cutOverSwap(context));
    expect(failure).toMatchObject({ message: expect.stringContaining('the cluster is DOWN now') });
    expect(story).toContain('its cutover has begun');
    expect(events.at(-1)).toMatchObject({ type: 'Warning', reason: 'RecoveryFailed' });
    expect(events.at(-1)?.message).toContain('the cluster is DOWN now');
  });

  it('that was taken back, or whose undo was given up, leaves what is true', async () => {
    const back = await toldBy(OURS, (context) => tellTakenBack(context, 'recovery'));
    expect(back.story).toBe(`recovery ${ID} was taken back before it was at its end: the cluster is as it was before`);
    expect(back.events).toMatchObject([{ reason: 'RecoveryUndone', type: 'Normal' }]);
    const stayed = await toldBy(OURS, tellStayed);
    expect(stayed.story).toContain('its undo was given up, and the recovered data is live');
  });
});

describe('a release', () => {
  const entries: readonly SwapEntry[] = [{ at, event: 'state', state: 'recovered' }];

  it('takes the undo that is none any more out of the annotation, and is an Event', async () => {
    const { story, events, failure } = await toldBy({ ...OURS, entries }, (context) => releaseSwap(context));
    expect(failure).toBeUndefined();
    expect(story).toBe(`recovery ${ID} is released: what it kept is gone, and there is no way back from it any more`);
    expect(events).toMatchObject([{ reason: 'RecoveryReleased', message: story }]);
  });

  it('leaves the story of a later recovery alone', async () => {
    const later = { annotations: { 'walkback/recovery': 'beef', 'walkback/story': 'walkback undo beef' } };
    const { story, events } = await toldBy(later, (context) => tellReleased(context, 'reset'));
    expect(story).toBe('walkback undo beef');
    expect(events).toMatchObject([{ reason: 'ResetReleased' }]);
  });
});
