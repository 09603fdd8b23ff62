/**
 * Faults while a second member joins.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { Pod } from '../../../src/kubernetes/api/kubernetes-objects.ts';
import { podRef } from '../../../src/kubernetes/recover/pods-gone.ts';
import type { FaultKind, Met } from './active-fault.ts';
import { evict, first, kubectl } from './hands.ts';

/** It copies what the leader has meanwhile. */
const IS_COPYING_MS = 1500;

const second = ({ scene }: Met): string => `${scene.database.name}-1`;

/** Acts once, when the second member's pod runs. @returns whether it did. */
async function whenItJoins(met: Met, act: (met: Met) => Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  const { api } = met.scene.database;
  while (!signal.aborted) {
    const pod = await api.get<Pod>(podRef(second(met))).catch(() => undefined);
    if (pod?.status?.phase === 'Running' && pod.metadata?.deletionTimestamp === undefined) {
      await sleep(IS_COPYING_MS);
      await act(met);
      return true;
    }
    await sleep(100);
  }
  return false;
}

function whileJoining(act: (met: Met) => Promise<unknown>): FaultKind {
  return {
    begin: async (met) => {
      const over = new AbortController();
      const done = whenItJoins(met, act, over.signal);
      done.catch(() => {});
      return {
        mend: async () => {
          over.abort();
          if (!(await done)) throw new Error('no second member has joined');
        },
      };
    },
  };
}

async function deletePod(met: Met, pod: string): Promise<void> {
  await kubectl(met, ['delete', 'pod', pod, '--wait=false', '--grace-period=1']);
}

/** As by a person. */
export const JOINING_DELETED = whileJoining(async (met) => deletePod(met, second(met)));
/** As by a node that is drained. */
export const JOINING_EVICTED = whileJoining(async (met) => evict(met, second(met)));
/** Everything in its container, but for the first process. */
export const JOINING_OUT_OF_MEMORY = whileJoining(async (met) =>
  kubectl(met, ['exec', second(met), '--', 'sh', '-c', 'kill -9 -1']).catch(() => ''),
);
/** What it copies from goes. */
export const LEADER_DELETED = whileJoining(async (met) => deletePod(met, first(met)));
