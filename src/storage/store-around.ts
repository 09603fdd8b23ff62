/**
 * A store around a store that hands everything on: what stands around another says only where it differs.
 *
 * @module
 */

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

/** Hands every call on to `inner`. */
export class StoreAround implements ObjectStore {
  protected readonly inner: ObjectStore;

  constructor(inner: ObjectStore) {
    this.inner = inner;
  }

  get address(): string {
    return this.inner.address;
  }

  get keyMark(): string | undefined {
    return this.inner.keyMark;
  }

  get answersCheaply(): boolean {
    return this.inner.answersCheaply ?? false;
  }

  list(prefix: string, options?: CallOptions & { readonly after?: string }): AsyncIterable<ObjectInfo> {
    return this.inner.list(prefix, options);
  }

  listFolder(prefix: string, options?: CallOptions): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    return this.inner.listFolder(prefix, options);
  }

  stat(key: string, options?: CallOptions): Promise<ObjectInfo | undefined> {
    return this.inner.stat(key, options);
  }

  get(key: string, options?: ReadOptions): Promise<Buffer | undefined> {
    return this.inner.get(key, options);
  }

  open(key: string, options?: ReadOptions): Promise<AsyncIterable<Buffer> | undefined> {
    return this.inner.open(key, options);
  }

  put(key: string, body: ObjectBody, options?: PutOptions): Promise<PutOutcome> {
    return this.inner.put(key, body, options);
  }

  async sync(key: string, options?: CallOptions): Promise<void> {
    await this.inner.sync?.(key, options);
  }

  async readElsewhere(key: string, options?: CallOptions): Promise<string | undefined> {
    return this.inner.readElsewhere?.(key, options);
  }

  delete(keys: readonly string[], options?: CallOptions): Promise<void> {
    return this.inner.delete(keys, options);
  }

  async afterDeletion(options?: CallOptions): Promise<AfterDeletion> {
    return (await this.inner.afterDeletion?.(options)) ?? 'gone';
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
