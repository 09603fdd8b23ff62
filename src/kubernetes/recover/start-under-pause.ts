/**
 * Starting the server of a pod whose Patroni is paused, and therefore does not start it by itself.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import { STEP_UNDER_WAY } from '../../base/progress.ts';
import type { Pod } from '../api/kubernetes-objects.ts';
import { FinalTrouble } from '../rehearse/final-trouble.ts';
import type { PodTrouble } from '../rehearse/rehearsal.ts';
import type { WorkContext } from './context.ts';
import { GIVEN_UP_MS, memberWatch } from './member-trouble.ts';
import { podRef } from './pods-gone.ts';

const RUNS_MS = 600_000;
const POLL_MS = 500;

/**
 * Starts it. A Patroni that is not paused makes a standby of it first, and promotes that: to another timeline than the one that was
 * opened and proven. Somebody who has resumed it is too late to be stopped.
 *
 * @throws {Failure} `unavailable` with why it does not run in time.
 */
export async function startUnderPause(
  { uses }: WorkContext,
  pod: string,
  { timeoutMs = RUNS_MS, mostStarts = Number.POSITIVE_INFINITY, seen = new FinalTrouble() }: StartLimits = {},
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const starts = { left: mostStarts };
  const look = memberWatch(uses.api, pod);
  const tell = (note: string): void =>
    uses.onProgress({ phase: STEP_UNDER_WAY, done: 0, total: 1, unit: 'members', note });
  for (;;) {
    uses.signal?.throwIfAborted();
    const state = await stateOrStart(uses, pod, starts).catch((error: unknown) => messageOf(error));
    if (state === undefined) return tell('');
    const trouble = await look();
    const isGivenUp = seen.lasting(trouble, GIVEN_UP_MS) !== undefined;
    if (isGivenUp || Date.now() > deadline || state === WILL_NOT) throw notStarted(pod, state, trouble);
    tell(`waits for the server of ${pod}: ${trouble?.message ?? state}`);
    await sleep(POLL_MS);
  }
}

function notStarted(pod: string, state: string, trouble: PodTrouble | undefined): Failure {
  const remedy = `See what the pod says ("kubectl describe pod ${pod}", its log), mend it, and go on; or undo.`;
  return new Failure('unavailable', {
    message: `cannot start the server of ${pod}: ${trouble?.message ?? state}`,
    remedy: trouble === undefined ? remedy : `${trouble.remedy}\n${remedy}`,
  });
}

/** When it is given up. */
export interface StartLimits {
  readonly timeoutMs?: number;
  /** So many starts may fail. */
  readonly mostStarts?: number;
  /** What was seen of its pod before, where it is not the first wait for it. */
  readonly seen?: FinalTrouble;
}

const WILL_NOT = 'it cannot be started';
/** A server that failed so often does not start by itself any more: its log says why. */
const MOST_STARTS = 3;

/** For so long a pod that has gone is waited for: what it had not archived stays on its volume, which is kept. */
const BACK_MS = 180_000;

/**
 * Starts the server that led, if it does not run any more. Its data are kept whatever comes of it, so one that cannot be started
 * keeps nobody from a recovery: why is returned then.
 */
export async function startIfCrashed(context: WorkContext, leader: string | undefined): Promise<string | undefined> {
  if (leader === undefined || context.plan.swap.patroni === null) return undefined;
  return startUnderPause(context, leader, { timeoutMs: BACK_MS, mostStarts: MOST_STARTS }).then(
    () => undefined,
    async (error: unknown) => {
      context.uses.signal?.throwIfAborted();
      // An API that is away says nothing of the pod: this fails then.
      await context.uses.api.get<Pod>(podRef(leader));
      return messageOf(error);
    },
  );
}

/** `undefined` once it runs. A start that fails is one that was made. */
async function stateOrStart(
  uses: WorkContext['uses'],
  pod: string,
  starts: { left: number },
): Promise<string | undefined> {
  const found = await uses.api.get<Pod>(podRef(pod));
  if (found?.status?.phase !== 'Running') return 'its pod does not run yet';
  await using patroni = await uses.patroniOf(pod);
  const state = await patroni.state();
  if (state === undefined) return 'its Patroni does not answer yet';
  if (!/^(?:stopped|crashed)$|failed/.test(state))
    return /^(?:re)?starting$/.test(state) ? `it is ${state}` : undefined;
  if (starts.left <= 0) return WILL_NOT;
  starts.left -= 1;
  await patroni.restart();
  return 'it was told to start';
}
