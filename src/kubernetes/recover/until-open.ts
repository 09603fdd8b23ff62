/**
 * Waits until the server of a pod takes writes, and starts it whenever it has ended meanwhile: a paused Patroni does not, and says
 * for a round more (`loop_wait`) that a server runs which was killed.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import { FinalTrouble } from '../rehearse/final-trouble.ts';
import type { WorkContext } from './context.ts';
import { GIVEN_UP_MS, lookAtMember } from './member-trouble.ts';
import { podServer, untilPrimary } from './pod-server.ts';
import { startUnderPause, type StartLimits } from './start-under-pause.ts';

const OPEN_MS = 600_000;
/** One server is waited for so long, before it is asked again which one it is to be, and whether it runs. */
export const LOOK_MS = 10_000;

/** The server that is to take writes. */
export interface ToOpen {
  readonly pod: string;
  /** How it is started if it does not run; absent where somebody else starts it. */
  readonly start?: StartLimits;
}

/**
 * @param find says which server it is, each time anew.
 * @throws {Failure} `unavailable` with why it does not; what `find` throws.
 */
export async function untilWritable(context: WorkContext, find: () => Promise<ToOpen>): Promise<void> {
  const { api, signal } = context.uses;
  const seen = new FinalTrouble();
  const deadline = Date.now() + OPEN_MS;
  for (;;) {
    const { pod, start } = await find();
    try {
      if (start !== undefined) await startUnderPause(context, pod, { ...start, seen });
      await untilPrimary(podServer(context), pod, LOOK_MS, signal);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isFailure(error, 'unavailable') || Date.now() > deadline) throw error;
      const trouble = await lookAtMember(api, pod).catch(() => undefined);
      if (seen.lasting(trouble, GIVEN_UP_MS) !== undefined) throw error;
    }
  }
}

/** {@link untilWritable} of one pod, whose Patroni, if there is one, is paused. */
export async function untilOpen(context: WorkContext, pod: string): Promise<void> {
  const toOpen: ToOpen = { pod, ...(context.plan.swap.patroni === null ? {} : { start: {} }) };
  await untilWritable(context, async () => toOpen);
}
