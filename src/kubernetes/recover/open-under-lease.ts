/**
 * Opening what is planned in a namespace, a recovery or a reset, for work that nobody else does meanwhile.
 *
 * @module
 */

import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { holdLease } from './lease.ts';
import { leaseName } from './names.ts';

/** What whoever works has, as far as it is needed here. */
interface WorkUses {
  readonly api: KubernetesApi;
  readonly nowUs: () => bigint;
  readonly signal?: AbortSignal;
}

/** What is worked on, under the Lease. Disposing gives the Lease back. */
export interface OpenWork<Uses, Opened> extends AsyncDisposable {
  readonly context: Opened & { readonly uses: Uses & { readonly signal: AbortSignal } };
}

/**
 * Takes the StatefulSet's Lease, and then opens plan and journal: nobody can step them on any more. Losing the Lease ends the
 * work at the next step.
 *
 * @throws {Failure} `conflict` while another run works on this StatefulSet, and what `open` throws.
 */
export async function openUnderLease<Uses extends WorkUses, Opened extends object>(
  uses: Uses,
  statefulSet: string,
  open: (now: () => Date) => Promise<Opened>,
): Promise<OpenWork<Uses, Opened>> {
  const lease = await holdLease(uses.api, leaseName(statefulSet));
  const fence = uses.api.fence((signal) => lease.untilFresh(signal));
  const giveBack = async (): Promise<void> => {
    fence[Symbol.dispose]();
    await lease[Symbol.asyncDispose]();
  };
  try {
    const opened = await open(() => new Date(Number(uses.nowUs() / 1000n)));
    const signal = uses.signal === undefined ? lease.lost : AbortSignal.any([uses.signal, lease.lost]);
    return {
      context: { ...opened, uses: { ...uses, signal } },
      [Symbol.asyncDispose]: giveBack,
    };
  } catch (error) {
    await giveBack();
    throw error;
  }
}
