/**
 * A store on which two runs meet: before one call of the one, the other runs from its beginning to its end.
 *
 * @module
 */

import { wrappedStore } from '../../src/archive/testing/wrapped-store.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';

/** As `store`, but before the call of this number something else happens, once. */
export function interposed(store: ObjectStore, call: number, work: () => Promise<unknown>): ObjectStore {
  let calls = 0;
  const before = async (): Promise<void> => {
    calls += 1;
    if (calls === call) await work();
  };
  return wrappedStore(store, {
    address: store.address,
    listFolder: async (...asked) => before().then(() => store.listFolder(...asked)),
    stat: async (...asked) => before().then(() => store.stat(...asked)),
    get: async (...asked) => before().then(() => store.get(...asked)),
    put: async (...asked) => before().then(() => store.put(...asked)),
    delete: async (...asked) => before().then(() => store.delete(...asked)),
  });
}
