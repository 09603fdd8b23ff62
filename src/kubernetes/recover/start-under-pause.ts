/**
 * Starting the server of a pod whose Patroni is paused, and therefore does not start it by itself.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import type { WorkContext } from './context.ts';
import { podRef } from './pods-gone.ts';

const RUNS_MS = 600_000;
const POLL_MS = 500;

/**
 * Starts it. A Patroni that is not paused makes a standby of it first, and promotes that: to another timeline than the one that was
 * opened and proven. Somebody who has resumed it is too late to be stopped.
 *
 * @throws {Failure} `unavailable` with why it does not run in time.
 */
export async function startUnderPause({ uses }: WorkContext, pod: string, timeoutMs = RUNS_MS): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    uses.signal?.throwIfAborted();
    const state = await stateOrStart(uses, pod).catch((error: unknown) => messageOf(error));
    if (state === undefined) return;
    if (Date.now() > deadline) {
      throw new Failure('unavailable', {
        message: `cannot start the server of ${pod}: ${state}`,
        remedy: `See what the pod says ("kubectl describe pod ${pod}", its log), mend it, and go on; or undo.`,
      });
    }
    await sleep(POLL_MS);
  }
}

/** For so long a pod that has gone is waited for: what it had not archived stays on its volume, which is kept. */
const BACK_MS = 180_000;

/**
 * Starts the server that led, if it does not run any more. Its data are kept whatever comes of it, so one that cannot be started
 * keeps nobody from a recovery: why is returned then.
 */
export async function startIfCrashed(context: WorkContext, leader: string | undefined): Promise<string | undefined> {
  if (leader === undefined || context.plan.swap.patroni === null) return undefined;
  return startUnderPause(context, leader, BACK_MS).then(
    () => undefined,
    async (error: unknown) => {
      context.uses.signal?.throwIfAborted();
      // An API that is away says nothing of the pod: this fails then.
      await context.uses.api.get<Pod>(podRef(leader));
      return messageOf(error);
    },
  );
}

/** `undefined` once it runs or was told to. */
async function stateOrStart(uses: WorkContext['uses'], pod: string): Promise<string | undefined> {
  const found = await uses.api.get<Pod>(podRef(pod));
  if (found?.status?.phase !== 'Running') return 'its pod does not run yet';
  await using patroni = await uses.patroniOf(pod);
  const state = await patroni.state();
  if (state === undefined) return 'its Patroni does not answer yet';
  if (state === 'stopped' || state === 'start failed' || state === 'crashed') await patroni.restart();
  return state === 'starting' ? 'it is starting' : undefined;
}
