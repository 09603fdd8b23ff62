/**
 * A store around a store that writes no faster than it may, all uploads together. What is read is not slowed: a restore is
 * in a hurry.
 *
 * Source: WAL-G's `WALG_NETWORK_RATE_LIMIT`, which limits uploads alone too.
 *
 * @module
 */

import type { RateLimiter } from '../base/rate-limiter.ts';
import type { ObjectBody, ObjectStore, PutOptions, PutOutcome } from './object-store.ts';
import { StoreAround } from './store-around.ts';

class LimitedStore extends StoreAround {
  readonly #limiter: RateLimiter;

  constructor(store: ObjectStore, limiter: RateLimiter) {
    super(store);
    this.#limiter = limiter;
  }

  override async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    if (!(body instanceof Uint8Array)) return this.inner.put(key, this.#slowed(body, options.signal), options);
    await this.#limiter.take(body.byteLength, options.signal);
    return this.inner.put(key, body, options);
  }

  async *#slowed(body: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
    for await (const piece of body) {
      await this.#limiter.take(piece.byteLength, signal);
      yield piece;
    }
  }
}

/** The same store, whose uploads take from `limiter` first. */
export function limitedStore(store: ObjectStore, limiter: RateLimiter): ObjectStore {
  return new LimitedStore(store, limiter);
}
