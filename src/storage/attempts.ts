/**
 * One call to a store: attempts until it succeeds, cannot succeed, or its time is up.
 *
 * What a store's errors mean is the backend's to say; how often and how long is the same for all.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';
import { backoffMs } from './backoff.ts';
import { tooSlow, type StoreDeadlines } from './deadlines.ts';

/** What an attempt is given. */
export interface Attempt {
  /** The caller's, and the end of the call's time. */
  readonly signal: AbortSignal;
  /** From 1. After the first, an earlier one may have had its effect without our hearing of it. */
  readonly number: number;
}

/** What a backend says of one call. */
export interface CallRules {
  readonly deadlines: StoreDeadlines;
  /** For messages, after "cannot": `read azure://backups/a`. */
  readonly action: string;
  /** True if another attempt may go better. Never asked about a `Failure`: that is final. */
  readonly isRetryable: (thrown: unknown) => boolean;
  /** How long the store asks to be left alone; `undefined`: it did not say. */
  readonly retryAfterMs?: (thrown: unknown) => number | undefined;
  /** What a thrown error is to the operator. */
  readonly failureOf: (thrown: unknown, facts: readonly string[]) => Failure;
}

type Try<T> = (attempt: Attempt) => Promise<T>;

/** Runs attempts. @throws {Failure} what the last one met; the caller's own reason if the caller gave up. */
export async function runAttempts<T>(rules: CallRules, signal: AbortSignal | undefined, attempt: Try<T>): Promise<T> {
  const { callMs } = rules.deadlines;
  const endsAtMs = performance.now() + callMs;
  for (let number = 1; ; number += 1) {
    signal?.throwIfAborted();
    try {
      return await attemptOnce(rules, signal, endsAtMs, number, attempt);
    } catch (thrown) {
      signal?.throwIfAborted();
      if (thrown instanceof Failure) throw thrown;
      if (!rules.isRetryable(thrown)) throw rules.failureOf(thrown, []);
      const pauseMs = rules.retryAfterMs?.(thrown) ?? backoffMs(number, Math.random());
      if (performance.now() + pauseMs >= endsAtMs) throw rules.failureOf(thrown, [attemptsMade(number, callMs)]);
      await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
    }
  }
}

async function attemptOnce<T>(
  rules: CallRules,
  signal: AbortSignal | undefined,
  endsAtMs: number,
  number: number,
  attempt: Try<T>,
): Promise<T> {
  const cut = new AbortController();
  const timer = setTimeout(() => cut.abort(), Math.max(1, endsAtMs - performance.now()));
  try {
    return await attempt({
      number,
      signal: signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]),
    });
  } catch (error) {
    if (!cut.signal.aborted || error instanceof Failure) throw error;
    throw tooSlow(rules.action, rules.deadlines.callMs, error);
  } finally {
    clearTimeout(timer);
  }
}

function attemptsMade(number: number, callMs: number): string {
  return `${number} ${number === 1 ? 'attempt' : 'attempts'} in the ${callMs / 1000} s that a call may take`;
}
