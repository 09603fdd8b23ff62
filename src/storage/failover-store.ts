/**
 * An archive in several stores: one that is written, and others that hold what was written while that one was away.
 *
 * WAL-G pushes to a failover storage when the primary one does not answer, and the archive is then all of them together.
 * What is read here is looked for in each, in order; what two of them hold is taken from the first. Absent is what all of
 * them say is absent: one that cannot be asked is a failure, unless the object was found elsewhere.
 *
 * Source: WAL-G `internal/multistorage` (`UniteAllStorages` for listings, `FirstFoundStorage` for objects). What differs:
 * WAL-G leaves a store that does not answer out of listings; here such a listing fails, since it would be taken for proof. Who
 * writes is given stores that may be away (`may-be-away.ts`).
 *
 * Some objects belong together: the parts of a backup, of which a store may have those of an attempt that was broken off. They
 * are read from one store, the first that has the object which says that they are complete.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import { abandon } from './body.ts';
import { compareKeys } from './key.ts';
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

/** Locked is known to be so; what cannot be asked may be anything. */
const WORST_FIRST: readonly AfterDeletion[] = ['locked', 'unknown', 'versions', 'gone'];

/** How several stores are one archive. */
export interface FailoverRules {
  /** The key of the object whose store decides for `key` (or a folder); `undefined`: each object is looked for by itself. */
  readonly decidedBy?: (key: string) => string | undefined;
  /** True for a key or a folder that is the first store's alone: the others are neither asked for it nor rid of it. */
  readonly isOfFirst?: (key: string) => boolean;
}

class FailoverStore implements ObjectStore {
  readonly address: string;
  readonly #primary: ObjectStore;
  readonly #others: readonly ObjectStore[];
  readonly #rules: FailoverRules;
  /** Which store was found to decide, by the key of the object that does. */
  readonly #decided = new Map<string, ObjectStore>();

  constructor(primary: ObjectStore, others: readonly ObjectStore[], rules: FailoverRules) {
    this.address = primary.address;
    this.#primary = primary;
    this.#others = others;
    this.#rules = rules;
  }

  async *list(prefix: string, options: CallOptions & { readonly after?: string } = {}): AsyncGenerator<ObjectInfo> {
    const stores = await this.#storesOf(prefix, options);
    yield* mergedByKey(stores.map((store) => store.list(prefix, options)));
  }

  async listFolder(prefix: string, options: CallOptions = {}): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    const stores = await this.#storesOf(prefix, options);
    const found = await Promise.all(stores.map((store) => store.listFolder(prefix, options)));
    const objects = new Map<string, ObjectInfo>();
    for (const info of found.flatMap((one) => one.objects)) if (!objects.has(info.key)) objects.set(info.key, info);
    return {
      objects: [...objects.values()].toSorted((left, right) => compareKeys(left.key, right.key)),
      folders: [...new Set(found.flatMap((one) => one.folders))].toSorted(compareKeys),
    };
  }

  async stat(key: string, options?: CallOptions): Promise<ObjectInfo | undefined> {
    return this.#firstFound(await this.#storesOf(key, options), (store) => store.stat(key, options));
  }

  async get(key: string, options?: ReadOptions): Promise<Buffer | undefined> {
    return this.#firstFound(await this.#storesOf(key, options), (store) => store.get(key, options));
  }

  async open(key: string, options?: ReadOptions): Promise<AsyncIterable<Buffer> | undefined> {
    return this.#firstFound(await this.#storesOf(key, options), (store) => store.open(key, options));
  }

  /** Writes to the primary store. With `ifAbsent` the others must not have the object either, as far as they answer. */
  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    const isLookedFor = options.ifAbsent === true && this.#rules.isOfFirst?.(key) !== true;
    if (isLookedFor && (await this.#isElsewhere(key, options))) {
      await abandon(body);
      return 'exists';
    }
    return this.#primary.put(key, body, options);
  }

  async sync(key: string, options: CallOptions = {}): Promise<void> {
    const holder = await this.#holderOf(key, await this.#storesOf(key, options), options);
    await holder?.sync?.(key, options);
  }

  async readElsewhere(key: string, options?: CallOptions): Promise<string | undefined> {
    const [first, ...more] = await this.#storesOf(key, options);
    // What none of them decides is looked for in the primary first.
    return more.length > 0 || first === this.#primary ? undefined : first?.address;
  }

  /** Deletes from the others first: what is only there is not found again when the primary one no longer has it. */
  async delete(keys: readonly string[], options?: CallOptions): Promise<void> {
    const ofAll = keys.filter((key) => this.#rules.isOfFirst?.(key) !== true);
    if (ofAll.length > 0) for (const store of this.#others) await store.delete(ofAll, options);
    await this.#primary.delete(keys, options);
  }

  /** What is worst of what becomes of an object in any of them: it goes from all. */
  async afterDeletion(options?: CallOptions): Promise<AfterDeletion> {
    const all = await Promise.all(this.#all().map(async (store) => (await store.afterDeletion?.(options)) ?? 'gone'));
    return WORST_FIRST.find((one) => all.includes(one)) ?? 'gone';
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((store) => store.close()));
  }

  #all(): readonly ObjectStore[] {
    return [this.#primary, ...this.#others];
  }

  /** Where an object or a folder is looked for: in the store that has been decided for it, otherwise in all. */
  async #storesOf(key: string, options: CallOptions = {}): Promise<readonly ObjectStore[]> {
    if (this.#rules.isOfFirst?.(key) === true) return [this.#primary];
    const deciding = this.#rules.decidedBy?.(key);
    if (deciding === undefined || deciding === key) return this.#all();
    const known = this.#decided.get(deciding);
    if (known !== undefined) return [known];
    const found = await this.#holderOf(deciding, this.#all(), options);
    if (found === undefined) return this.#all();
    this.#decided.set(deciding, found);
    return [found];
  }

  /** The first of `stores` that has an object. */
  async #holderOf(
    key: string,
    stores: readonly ObjectStore[],
    { signal }: CallOptions,
  ): Promise<ObjectStore | undefined> {
    return this.#firstFound(stores, async (store) => {
      const info = await store.stat(key, signal === undefined ? {} : { signal });
      return info === undefined ? undefined : store;
    });
  }

  async #firstFound<T>(
    stores: readonly ObjectStore[],
    look: (store: ObjectStore) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    let failure: { readonly error: unknown } | undefined;
    for (const store of stores) {
      try {
        const found = await look(store);
        if (found !== undefined) return found;
      } catch (error) {
        // Another store may have it; if none does, nobody can say that it is absent.
        if (!isFailure(error, 'unavailable')) throw error;
        failure ??= { error };
      }
    }
    if (failure !== undefined) throw failure.error;
    return undefined;
  }

  async #isElsewhere(key: string, options: CallOptions): Promise<boolean> {
    for (const store of this.#others) {
      try {
        if ((await store.stat(key, options)) === undefined) continue;
        await store.sync?.(key, options);
        return true;
      } catch (error) {
        // A failover store that is away, or lets nobody in, does not stop the archive.
        if (!isFailure(error, 'unavailable') && !isFailure(error, 'denied')) throw error;
      }
    }
    return false;
  }
}

interface Head {
  readonly rest: AsyncIterator<ObjectInfo>;
  readonly info: ObjectInfo;
}

async function headOf(rest: AsyncIterator<ObjectInfo>): Promise<Head[]> {
  const next = await rest.next();
  return next.done === true ? [] : [{ rest, info: next.value }];
}

/** Listings that are in order each, as one; of the same key the first one's entry. */
async function* mergedByKey(listings: readonly AsyncIterable<ObjectInfo>[]): AsyncGenerator<ObjectInfo> {
  const iterators = listings.map((listing) => listing[Symbol.asyncIterator]());
  try {
    let heads = (await Promise.all(iterators.map(headOf))).flat();
    while (heads.length > 0) {
      const first = heads.reduce((least, head) => (compareKeys(head.info.key, least.info.key) < 0 ? head : least));
      yield first.info;
      const moved = await Promise.all(
        heads.map((head) => (head.info.key === first.info.key ? headOf(head.rest) : Promise.resolve([head]))),
      );
      heads = moved.flat();
    }
  } finally {
    for (const iterator of iterators) await iterator.return?.();
  }
}

/** One archive of several stores, of which the first is written. Closing it closes all. */
export function openFailoverStore(
  primary: ObjectStore,
  others: readonly ObjectStore[],
  rules: FailoverRules = {},
): ObjectStore {
  return others.length === 0 ? primary : new FailoverStore(primary, others, rules);
}
