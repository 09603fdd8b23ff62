/**
 * The names of a server's relations, kept in the archive beside its backup. A backup is whole without them.
 *
 * @module
 */

import { writeCatalogSnapshot } from '../archive/catalog-snapshots.ts';
import { messageOf } from '../base/failure.ts';
import { readCatalog, unreadDatabases, type ConnectToDatabase } from '../instance/read-catalog.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';

/** Reads and writes them. Never fails: answers with what could not be done. */
export async function writeNames(
  connectTo: ConnectToDatabase,
  store: ObjectStore,
  options: CallOptions = {},
): Promise<string[]> {
  try {
    const snapshot = await readCatalog(connectTo);
    await writeCatalogSnapshot(store, snapshot, options);
    return unreadDatabases(snapshot).map((problem) => `names of its relations are not kept: ${problem}`);
  } catch (error) {
    return [`names of relations are not kept: ${messageOf(error)}`];
  }
}
