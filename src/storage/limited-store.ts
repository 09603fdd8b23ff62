/**
 * A store around a store that sends and fetches no faster than it may, in both directions together.
 *
 * Source: WAL-G `internal/limited_folder.go`, `WALG_NETWORK_RATE_LIMIT`.
 *
 * @module
 */

import type { RateLimiter } from '../base/rate-limiter.ts';
import type { ObjectBody, ObjectStore, PutOptions, PutOutcome, ReadOptions } from './object-store.ts';
import { StoreAround } from './store-around.ts';

class LimitedStore extends StoreAround {
  readonly #limiter: RateLimiter;

  constructor(store: ObjectStore, limiter: RateLimiter) {
    super(store);
    this.#limiter = limiter;
  }

  override async get(key: string, options: ReadOptions = {}): Promise<Buffer | undefined> {
    const bytes = await this.inner.get(key, options);
    if (bytes !== undefined) await this.#limiter.take(bytes.byteLength, options.signal);
    return bytes;
  }

  override async open(key: string, options: ReadOptions = {}): Promise<AsyncIterable<Buffer> | undefined> {
    const pieces = await this.inner.open(key, options);
    return pieces && this.#slowed(pieces, options.signal);
  }

  override async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    if (!(body instanceof Uint8Array)) return this.inner.put(key, this.#slowed(body, options.signal), options);
    await this.#limiter.take(body.byteLength, options.signal);
    return this.inner.put(key, body, options);
  }

  async *#slowed<T extends Uint8Array>(body: AsyncIterable<T>, signal: AbortSignal | undefined): AsyncGenerator<T> {
    for await (const piece of body) {
      await this.#limiter.take(piece.byteLength, signal);
      yield piece;
    }
  }
}

/** The same store, whose uploads and downloads take from `limiter`; as it is without one. */
export function limitedStore(store: ObjectStore, limiter: RateLimiter | undefined): ObjectStore {
  return limiter === undefined ? store : new LimitedStore(store, limiter);
}
