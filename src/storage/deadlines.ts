/**
 * How long a store may take.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';

/** The limits of one call. */
export interface StoreDeadlines {
  /** An attempt in which no byte moves for this long is cut, and made again. */
  readonly attemptIdleMs: number;
  /**
   * A call ends by then, with a `Failure` if need be, all attempts and pauses included. For a body in pieces it is the
   * longest time that 1 MiB (in uploads, one part) may take, and the time the other side spends with a piece is not
   * counted: a large object may take hours, a dripping one may not.
   */
  readonly callMs: number;
}

export const DEFAULT_STORE_DEADLINES: StoreDeadlines = { attemptIdleMs: 20_000, callMs: 120_000 };

/** Waits for `work`, at most `limitMs`. What it does after that is lost. @throws {Failure} `unavailable` when time is up. */
export async function within<T>(limitMs: number, action: string, work: Promise<T>): Promise<T> {
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(tooSlow(action, limitMs)), limitMs);
  try {
    return await Promise.race([work, timeUp]);
  } finally {
    clearTimeout(timer);
    work.catch(() => {});
  }
}

/** The failure of a call that was not over in time. */
export function tooSlow(action: string, limitMs: number, cause?: unknown): Failure {
  return new Failure('unavailable', {
    message: `cannot ${action}: it was not done within ${limitMs / 1000} s`,
    remedy: 'Look whether the store is up and can be reached from here, then try again.',
    cause,
  });
}
