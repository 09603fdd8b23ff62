/**
 * A store around a store that writes no faster than it may, all uploads together. What is read is not slowed: a restore is
 * in a hurry.
 *
 * Source: WAL-G's `WALG_NETWORK_RATE_LIMIT`, which limits uploads alone too.
 *
 * @module
 */

import type { RateLimiter } from '../base/rate-limiter.ts';
import type {
  AfterDeletion,
  CallOptions,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  PutOutcome,
  ReadOptions,
} from './object-store.ts';

class LimitedStore implements ObjectStore {
  readonly #store: ObjectStore;
  readonly #limiter: RateLimiter;

  constructor(store: ObjectStore, limiter: RateLimiter) {
    this.#store = store;
    this.#limiter = limiter;
  }

  get address(): string {
    return this.#store.address;
  }

  get answersCheaply(): boolean {
    return this.#store.answersCheaply ?? false;
  }

  list(prefix: string, options?: CallOptions & { readonly after?: string }): AsyncIterable<ObjectInfo> {
    return this.#store.list(prefix, options);
  }

  listFolder(prefix: string, options?: CallOptions): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    return this.#store.listFolder(prefix, options);
  }

  stat(key: string, options?: CallOptions): Promise<ObjectInfo | undefined> {
    return this.#store.stat(key, options);
  }

  get(key: string, options?: ReadOptions): Promise<Buffer | undefined> {
    return this.#store.get(key, options);
  }

  open(key: string, options?: ReadOptions): Promise<AsyncIterable<Buffer> | undefined> {
    return this.#store.open(key, options);
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    if (!(body instanceof Uint8Array)) return this.#store.put(key, this.#slowed(body, options.signal), options);
    await this.#limiter.take(body.byteLength, options.signal);
    return this.#store.put(key, body, options);
  }

  delete(keys: readonly string[], options?: CallOptions): Promise<void> {
    return this.#store.delete(keys, options);
  }

  async afterDeletion(options?: CallOptions): Promise<AfterDeletion> {
    return (await this.#store.afterDeletion?.(options)) ?? 'gone';
  }

  close(): Promise<void> {
    return this.#store.close();
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
