/**
 * A store for unit tests that is another one but for some of its answers, and is asked as an object store is: by
 * listings.
 *
 * @module
 */

import type { ObjectStore } from '../../storage/object-store.ts';

/** `store`, with `replaced` in its place where that says something. */
export function wrappedStore(store: ObjectStore, replaced: Partial<ObjectStore> = {}): ObjectStore {
  return {
    address: 's3://archive',
    list: (...asked) => store.list(...asked),
    listFolder: async (...asked) => store.listFolder(...asked),
    stat: async (...asked) => store.stat(...asked),
    get: async (...asked) => store.get(...asked),
    open: async (...asked) => store.open(...asked),
    put: async (...asked) => store.put(...asked),
    delete: async (...asked) => store.delete(...asked),
    close: async () => store.close(),
    ...replaced,
  };
}
