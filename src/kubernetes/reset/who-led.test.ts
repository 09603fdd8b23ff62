import { describe, expect, it } from 'vitest';

import { startScriptedServer, type ScriptedServer } from '../api/testing/api-server.ts';
import type { KeptObjects } from '../api/testing/kept-objects.ts';
import { bindings, boundNamespace } from '../recover/testing/bound-claims.ts';
import { patroniObjects, statefulSetWith } from '../recover/testing/cluster-objects.ts';
import { plannedMember } from '../recover/testing/planned-member.ts';
import type { ResetContext } from './context.ts';
import { exchangeForKept } from './keep-volumes.ts';
import { undoReset } from './reset.ts';
import { resetSteps } from './steps.ts';
import { resetContext } from './testing/reset-context.ts';
import { undoResetSteps } from './undo-steps.ts';

const DEADLINES = { attemptIdleMs: 2000, callMs: 5000 };
const MEMBERS = [plannedMember(0), plannedMember(1)];
const IN_NAMESPACE = '/api/v1/namespaces/shop';
/** What two members had is kept, and a new cluster has the first one's claim. */
const RESET = {
  'walkback-7f3a-kept-0': 'pv-0',
  'walkback-7f3a-kept-1': 'pv-1',
  'storage-volume-shop-0': 'pv-new',
};

/** A reset that is done, of a cluster that nobody led. @param holder of Patroni's lock when it began. */
async function doneReset({ api }: ScriptedServer, holder: string): Promise<ResetContext> {
  const context = await resetContext(api, MEMBERS, { swap: { leader: '' } });
  const facts = { leader: '', volume: '', holder, wasPaused: false, replicas: 2 };
  await context.journal.append({ event: 'state', state: 'cuttingOver' });
  await context.journal.append({ event: 'done', step: 'resetRetainVolumes', facts: { volumes: 'pv-0,pv-1' } });
  await context.journal.append({ event: 'done', step: 'resetSurvey', facts });
  await context.journal.append({ event: 'done', step: 'startAnew', facts: {} });
  await context.journal.append({ event: 'state', state: 'recovered' });
  return context;
}

/** The steps of its undo that swap volumes. */
async function swapBack(context: ResetContext): Promise<void> {
  for (const step of ['undoResetScaleDown', 'undoResetRetainVolumes'] as const)
    await context.journal.append({ event: 'done', step, facts: await undoResetSteps[step].do(context) });
  await exchangeForKept(context);
}

function say({ objects }: KeptObjects, name: string): void {
  const at = `${IN_NAMESPACE}/persistentvolumeclaims/${name}`;
  const claim = objects.get(at);
  objects.set(at, { ...claim, metadata: { ...claim?.metadata, annotations: { 'walkback/led': 'true' } } });
}

describe('the undo of a reset that began while nobody led', () => {
  it('goes back to the member that had the lock of Patroni, though its pod was gone', async () => {
    const kept = boundNamespace(RESET);
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    await swapBack(await doneReset(server, 'shop-1'));
    expect(bindings(kept)).toMatchObject({ 'storage-volume-shop-0': 'pv-1', 'walkback-7f3a-kept-0': 'pv-0' });
  });

  it('asks which it is, before anything is stopped', async () => {
    const kept = boundNamespace(RESET);
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    const context = await doneReset(server, '');
    const before = context.journal.entries.length;
    await expect(undoReset(context)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('any of walkback-7f3a-kept-0, walkback-7f3a-kept-1'),
      remedy: expect.stringContaining(
        'kubectl --context here -n shop annotate persistentvolumeclaim CLAIM walkback/led=true\n',
      ),
    });
    expect(context.journal.entries).toHaveLength(before);
    expect(server.received.filter(({ method }) => method !== 'GET')).toEqual([]);
    say(kept, 'walkback-7f3a-kept-1');
    await swapBack(context);
    expect(bindings(kept)).toMatchObject({ 'storage-volume-shop-0': 'pv-1' });
    // Done again, as after a kill: that claim is gone by now.
    await exchangeForKept(context);
    expect(bindings(kept)).toMatchObject({ 'storage-volume-shop-0': 'pv-1', 'walkback-7f3a-kept-0': 'pv-0' });
  });

  it('asks nothing where only one member has a volume', async () => {
    const { 'walkback-7f3a-kept-0': _none, ...others } = RESET;
    const kept = boundNamespace(others);
    await using server = await startScriptedServer(kept.answer, DEADLINES);
    await swapBack(await doneReset(server, ''));
    expect(bindings(kept)).toMatchObject({ 'storage-volume-shop-0': 'pv-1' });
  });
});

it('a reset writes down who has the lock of Patroni, though that pod does not run', async () => {
  const kept = boundNamespace({ 'storage-volume-shop-0': 'pv-0', 'storage-volume-shop-1': 'pv-1' });
  const metadata = { name: patroniObjects.leader, annotations: { leader: 'shop-1' } };
  kept.objects.set(`${IN_NAMESPACE}/configmaps/${patroniObjects.leader}`, { metadata });
  kept.objects.set('/apis/apps/v1/namespaces/shop/statefulsets/shop', statefulSetWith(0));
  await using server = await startScriptedServer(kept.answer, DEADLINES);
  const context = await resetContext(server.api, MEMBERS, { swap: { leader: '', patroni: patroniObjects } });
  expect(await resetSteps.resetSurvey.do(context)).toMatchObject({ leader: '', holder: 'shop-1' });
  expect(await resetSteps.resetPause.do(context)).toMatchObject({ skipped: 'nobody leads', holder: 'shop-1' });
});
