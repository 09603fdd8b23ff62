/**
 * What time it is by the clock of the store, which alone can be compared with the times that it gives its objects: a host's
 * own clock may be hours away from it.
 *
 * An object is written, looked at and deleted again, where it may be.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { leftUndeleted } from './left-undeleted.ts';
import { OWN_FOLDER } from './own-objects.ts';

/** The object. */
export const CLOCK_KEY = `${OWN_FOLDER}clock`;

/** The time by the store's clock, or `undefined` if that could not be found out: it may be read only, or away. */
export async function storeTime(store: ObjectStore, options: CallOptions = {}): Promise<Date | undefined> {
  try {
    await store.put(CLOCK_KEY, Buffer.from('\n'), options);
    const written = await store.stat(CLOCK_KEY, options);
    await store.delete([CLOCK_KEY], options).catch(leftUndeleted);
    return written?.modifiedAt;
  } catch (error) {
    if (!isFailure(error)) throw error;
    return undefined;
  }
}

/** Tells how old objects are, to the nearest that can be known. */
export class ObjectAges {
  readonly #store: ObjectStore;
  readonly #ownNowMs: number;
  readonly #options: CallOptions;
  #storeNow: Promise<Date | undefined> | undefined;

  /** @param ownNow the time by this host's clock: what is young by it is not asked about. */
  constructor(store: ObjectStore, ownNow: Date, options: CallOptions = {}) {
    this.#store = store;
    this.#ownNowMs = ownNow.getTime();
    this.#options = options;
  }

  /**
   * True if what was written at `modifiedAt` is certainly older than `ageMs`: by this host's clock, and by the store's, which
   * is asked once. In doubt it is not.
   */
  async isOlder(modifiedAt: Date, ageMs: number): Promise<boolean> {
    if (this.#ownNowMs - modifiedAt.getTime() <= ageMs) return false;
    this.#storeNow ??= storeTime(this.#store, this.#options);
    const storeNow = await this.#storeNow;
    return storeNow !== undefined && storeNow.getTime() - modifiedAt.getTime() > ageMs;
  }
}
