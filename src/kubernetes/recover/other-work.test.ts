import { describe, expect, it } from 'vitest';

import type { RecoveryState } from '../../recovery/states.ts';
import { startScriptedServer } from '../api/testing/api-server.ts';
import { keepObjects } from '../api/testing/kept-objects.ts';
import { namespacePlan } from '../carry/testing/namespace-plan.ts';
import { createRecovery, openNamespaceJournal } from './journal-object.ts';
import { refuseOtherWork } from './other-work.ts';

const JOURNAL = '/api/v1/namespaces/shop/configmaps/walkback-recovery-7f3a';

/** Begins something, where a recovery `7f3a` of the same StatefulSet is in this state. */
async function beginBeside(state: RecoveryState, own?: string, isDamaged = false): Promise<void> {
  const kept = keepObjects({});
  await using server = await startScriptedServer(kept.answer, { attemptIdleMs: 2000, callMs: 5000 });
  await createRecovery(server.api, namespacePlan);
  const { journal } = await openNamespaceJournal(server.api, '7f3a', () => new Date());
  await journal.append({ event: 'state', state });
  const found = kept.objects.get(JOURNAL);
  if (isDamaged) Object.assign(found ?? {}, { data: { plan: 'x', journal: '' } });
  await refuseOtherWork(server.api, 'shop', own);
}

describe('work on a StatefulSet', () => {
  it.each([
    [
      'cuttingOver',
      'the cutover of recovery 7f3a is half done',
      'walkback recover run 7f3a\nOr go back:  walkback undo 7f3a',
    ],
    ['undoing', 'the undo of recovery 7f3a is half done', 'walkback undo 7f3a'],
  ] as const)('is not begun while another is %s', async (state, message, remedy) => {
    await expect(beginBeside(state)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(message),
      remedy: expect.stringMatching(
        new RegExp(`^Finish it: {2}${remedy}\n.*label configmap walkback-recovery-7f3a walkback/\\w+-$`),
      ),
    });
  });

  it.each(['planned', 'rehearsing', 'standing', 'recovered', 'undone', 'discarded', 'released'] as const)(
    'is begun where another is %s',
    async (state) => {
      await beginBeside(state);
    },
  );

  it('is gone on with itself', async () => {
    await beginBeside('cuttingOver', '7f3a');
  });

  it('is not begun where a journal cannot be read, which is told with what to do', async () => {
    await expect(beginBeside('planned', undefined, true)).rejects.toMatchObject({
      kind: 'corrupt',
      remedy: expect.stringContaining('kubectl --context here -n shop get configmap walkback-recovery-7f3a'),
    });
  });
});
