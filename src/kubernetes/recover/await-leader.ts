/**
 * Who has Patroni's lock. A server answers before Patroni has it: one that was promoted by hand, and in a new cluster the first, is
 * noticed in Patroni's next round only (`loop_wait`).
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { WorkContext } from './context.ts';
import { readPatroniState, type PatroniState } from './patroni-objects.ts';
import type { PatroniObjects } from './plan-value.ts';

/** Many rounds. */
const LEADER_MS = 300_000;
const POLL_MS = 500;

/**
 * Waits until somebody leads, whoever it is.
 *
 * @param isSettled what else is waited for.
 * @returns Patroni's state; after `timeoutMs` as it is, without a leader as it may be.
 */
export async function awaitLeader(
  { uses: { api, signal } }: WorkContext,
  patroni: PatroniObjects,
  { isSettled = () => true, timeoutMs = LEADER_MS }: AwaitLeaderOptions = {},
): Promise<PatroniState> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const state = await readPatroniState(api, patroni);
    if ((state.leader !== undefined && isSettled(state)) || Date.now() > deadline) return state;
    await sleep(POLL_MS, undefined, signal === undefined ? {} : { signal });
  }
}

/** See {@link awaitLeader}. */
export interface AwaitLeaderOptions {
  readonly isSettled?: (state: PatroniState) => boolean;
  readonly timeoutMs?: number;
}
