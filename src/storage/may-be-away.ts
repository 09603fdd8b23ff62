/**
 * A failover storage as those see it who write to the archive's own store: while it is away, or refuses the credentials,
 * it holds nothing, and that is told. So WAL and backups go on to a store that is well.
 *
 * Only for who writes: what was not looked at is taken for absent here, and nothing may be concluded from that. Deleting
 * still fails where it cannot be done.
 *
 * A storage that was found so is not asked again for {@link NOT_ASKED_MS}, and is waited for at most {@link PATIENCE_MS}:
 * every segment would wait otherwise for a store that it does not need.
 *
 * @module
 */

import { isFailure, type Failure } from '../base/failure.ts';
import { within } from './deadlines.ts';
import type { CallOptions, ObjectInfo, ObjectStore, ReadOptions } from './object-store.ts';
import { StoreAround } from './store-around.ts';

const PATIENCE_MS = 10_000;
const NOT_ASKED_MS = 60_000;

/** Told that a storage is passed over, and why; again only when it has answered in between. */
export type OnAway = (address: string, failure: Failure) => void;

class MayBeAway extends StoreAround {
  readonly #onAway: OnAway;
  #notAskedUntilMs = -Infinity;
  #isTold = false;

  constructor(store: ObjectStore, onAway: OnAway) {
    super(store);
    this.#onAway = onAway;
  }

  override async *list(
    prefix: string,
    options: CallOptions & { readonly after?: string } = {},
  ): AsyncGenerator<ObjectInfo> {
    const { signal: given } = options;
    const ended = new AbortController();
    const signal = AbortSignal.any(given === undefined ? [ended.signal] : [given, ended.signal]);
    const listing = this.inner.list(prefix, { ...options, signal })[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#unlessAway(() => this.#soon(listing.next()));
        if (next === undefined || next.done === true) return;
        yield next.value;
      }
    } finally {
      ended.abort();
      // One that does not answer does not end either, and is not waited for.
      listing.return?.().catch(() => {});
    }
  }

  override async listFolder(
    prefix: string,
    options?: CallOptions,
  ): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    const found = await this.#unlessAway(() => this.#soon(this.inner.listFolder(prefix, options)));
    return found ?? { objects: [], folders: [] };
  }

  override stat(key: string, options?: CallOptions): Promise<ObjectInfo | undefined> {
    return this.#unlessAway(() => this.#soon(this.inner.stat(key, options)));
  }

  override get(key: string, options?: ReadOptions): Promise<Buffer | undefined> {
    return this.#unlessAway(() => this.inner.get(key, options));
  }

  override open(key: string, options?: ReadOptions): Promise<AsyncIterable<Buffer> | undefined> {
    return this.#unlessAway(() => this.inner.open(key, options));
  }

  #soon<T>(answer: Promise<T>): Promise<T> {
    return within(PATIENCE_MS, `ask ${this.address}`, answer);
  }

  async #unlessAway<T>(ask: () => Promise<T>): Promise<T | undefined> {
    if (performance.now() < this.#notAskedUntilMs) return undefined;
    try {
      const answer = await ask();
      this.#isTold = false;
      return answer;
    } catch (error) {
      if (!isFailure(error, 'unavailable') && !isFailure(error, 'denied')) throw error;
      this.#notAskedUntilMs = performance.now() + NOT_ASKED_MS;
      if (!this.#isTold) this.#onAway(this.address, error);
      this.#isTold = true;
      return undefined;
    }
  }
}

/** The storage for who writes beside it. */
export function mayBeAway(store: ObjectStore, onAway: OnAway): ObjectStore {
  return new MayBeAway(store, onAway);
}
