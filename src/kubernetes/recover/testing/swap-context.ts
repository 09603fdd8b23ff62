/**
 * A recovery at work on an API, for tests of its steps: its journal is in memory, and its archive and Patroni are asked nothing.
 *
 * @module
 */

import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { openStore } from '../../../storage/open.ts';
import type { KubernetesApi } from '../../api/kubernetes-api.ts';
import { rehearsalsIn } from '../../rehearse/rehearsals-in.ts';
import type { SwapContext, SwapUses } from '../context.ts';
import type { SwapEntry, SwapJournal } from '../journal-object.ts';
import type { NamespacePlan } from '../plan-value.ts';

function journalOf(begun: readonly SwapEntry[]): SwapJournal {
  const entries = [...begun];
  return {
    entries,
    append: async (entry) => void entries.push({ at: '2026-11-30T03:00:00Z', ...entry }),
    [Symbol.asyncDispose]: async () => {},
  };
}

const unasked = async (): Promise<never> => {
  throw new TypeError('nothing of this is asked here');
};

/** One. @param entries what its journal holds already. */
export async function swapContext(
  api: KubernetesApi,
  plan: NamespacePlan,
  entries: readonly SwapEntry[] = [],
  more: Partial<SwapUses> = {},
): Promise<SwapContext> {
  const store = await openStore({ kind: 'file', path: join(tmpdir(), 'walkback-no-archive') });
  return {
    uses: {
      api,
      rehearsals: rehearsalsIn(api),
      store,
      archiveAt: unasked,
      superuserPassword: unasked,
      patroniOf: unasked,
      nowUs: () => 0n,
      onProgress: () => {},
      ...more,
    },
    plan,
    journal: journalOf(entries),
  };
}
