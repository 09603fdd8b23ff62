/**
 * A limit of bytes a second, shared by all who take from it, in the order in which they ask.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes a second, over any time longer than a few pieces. */
export class RateLimiter {
  readonly #bytesPerS: number;
  readonly #nowMs: () => number;
  /** When all that was taken so far is over. */
  #freeAtMs: number;

  constructor(bytesPerS: number, nowMs: () => number = () => performance.now()) {
    this.#bytesPerS = bytesPerS;
    this.#nowMs = nowMs;
    this.#freeAtMs = nowMs();
  }

  /** How long to wait before these bytes may pass, which are then taken. */
  reserveMs(sizeBytes: number): number {
    const nowMs = this.#nowMs();
    const beginsAtMs = Math.max(nowMs, this.#freeAtMs);
    this.#freeAtMs = beginsAtMs + (sizeBytes / this.#bytesPerS) * 1000;
    return beginsAtMs - nowMs;
  }

  /** Waits until these bytes may pass. @throws the reason of `signal`. */
  async take(sizeBytes: number, signal?: AbortSignal): Promise<void> {
    const waitMs = this.reserveMs(sizeBytes);
    const options = signal === undefined ? {} : { signal };
    if (waitMs > 0) await sleep(waitMs, undefined, options).catch(() => signal?.throwIfAborted());
    signal?.throwIfAborted();
  }
}
