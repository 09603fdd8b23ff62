/**
 * How long a verification goes on: until a time, or a signal.
 *
 * @module
 */

import type { CallOptions } from '../storage/object-store.ts';
import type { OnProgress } from '../base/progress.ts';
import type { RateLimiter } from '../base/rate-limiter.ts';
import type { ProofAge } from './fingerprint.ts';

/** How to verify. */
export interface VerifyLimits extends CallOptions, ProofAge {
  /** Nothing further is begun after it, in ms since 1970: the next verification goes on there. */
  readonly untilMs: number;
  /** How many objects are fetched at a time. */
  readonly concurrency: number;
  /** How fast the store is read; as fast as it goes unless told. */
  readonly limiter?: RateLimiter | undefined;
  readonly onProgress: OnProgress;
}

/** True if nothing further is to be begun. @throws the signal's reason. */
export function isOver({ signal, untilMs }: Pick<VerifyLimits, 'signal' | 'untilMs'>): boolean {
  signal?.throwIfAborted();
  return Date.now() >= untilMs;
}

/** The options of a call to the store. */
export function callOptionsOf({ signal }: CallOptions): CallOptions {
  return signal === undefined ? {} : { signal };
}
