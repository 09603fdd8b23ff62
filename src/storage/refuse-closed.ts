/**
 * A store that refuses to be used after it was closed: a call that nobody waited for would go on with connections that
 * are gone, and might seem to work where there are none.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
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
import { StoreAround } from './store-around.ts';

class ClosableStore extends StoreAround {
  #isClosed = false;

  override async *list(
    prefix: string,
    options?: CallOptions & { readonly after?: string },
  ): AsyncGenerator<ObjectInfo> {
    this.#check();
    for await (const object of this.inner.list(prefix, options)) {
      this.#check();
      yield object;
    }
  }

  override async listFolder(
    prefix: string,
    options?: CallOptions,
  ): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    this.#check();
    return this.inner.listFolder(prefix, options);
  }

  override async stat(key: string, options?: CallOptions): Promise<ObjectInfo | undefined> {
    this.#check();
    return this.inner.stat(key, options);
  }

  override async get(key: string, options?: ReadOptions): Promise<Buffer | undefined> {
    this.#check();
    return this.inner.get(key, options);
  }

  override async open(key: string, options?: ReadOptions): Promise<AsyncIterable<Buffer> | undefined> {
    this.#check();
    const pieces = await this.inner.open(key, options);
    return pieces && this.#whileOpen(pieces);
  }

  override async put(key: string, body: ObjectBody, options?: PutOptions): Promise<PutOutcome> {
    this.#check();
    return this.inner.put(key, body, options);
  }

  override async sync(key: string, options?: CallOptions): Promise<void> {
    this.#check();
    return super.sync(key, options);
  }

  override async readElsewhere(key: string, options?: CallOptions): Promise<string | undefined> {
    this.#check();
    return super.readElsewhere(key, options);
  }

  override async delete(keys: readonly string[], options?: CallOptions): Promise<void> {
    this.#check();
    return this.inner.delete(keys, options);
  }

  override async afterDeletion(options?: CallOptions): Promise<AfterDeletion> {
    this.#check();
    return super.afterDeletion(options);
  }

  /** Closing it again does nothing. */
  override async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.inner.close();
  }

  async *#whileOpen(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    this.#check();
    for await (const piece of pieces) {
      this.#check();
      yield piece;
    }
  }

  #check(): void {
    if (!this.#isClosed) return;
    throw new Failure('failed', {
      message: `cannot use ${this.address}: it was closed before`,
      remedy: 'This is a defect of the program: report what was run. Running it again harms nothing.',
    });
  }
}

/** The same store until it is closed; then every call is a failure. */
export function refusingWhenClosed(store: ObjectStore): ObjectStore {
  return new ClosableStore(store);
}
