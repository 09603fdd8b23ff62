/**
 * Waits until the server of a pod takes writes, and starts it whenever it has ended meanwhile: a paused Patroni does not, and says
 * for a round more (`loop_wait`) that a server runs which was killed.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { WorkContext } from './context.ts';
import { podServer, untilPrimary } from './pod-server.ts';
import { startUnderPause } from './start-under-pause.ts';

const OPEN_MS = 600_000;
/** What is waited for, before it is asked again whether the server runs. */
const LOOK_MS = 10_000;

/** @throws {Failure} `unavailable` with why it does not. */
export async function untilOpen(context: WorkContext, pod: string): Promise<void> {
  const { signal } = context.uses;
  const deadline = Date.now() + OPEN_MS;
  for (;;) {
    try {
      if (context.plan.swap.patroni !== null) await startUnderPause(context, pod);
      await untilPrimary(podServer(context), pod, LOOK_MS, signal);
      return;
    } catch (error) {
      signal?.throwIfAborted();
      if (!isFailure(error, 'unavailable') || Date.now() > deadline) throw error;
    }
  }
}
