/**
 * A limit for unit tests that counts what is taken from it.
 *
 * @module
 */

import { RateLimiter } from '../rate-limiter.ts';

/** Slows nobody down at a high rate. */
export class CountingLimiter extends RateLimiter {
  takenBytes = 0;

  override async take(sizeBytes: number, signal?: AbortSignal): Promise<void> {
    this.takenBytes += sizeBytes;
    return super.take(sizeBytes, signal);
  }
}
