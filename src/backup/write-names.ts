/**
 * The names of a server's relations, kept in the archive beside its backup. A backup is whole without them.
 *
 * @module
 */

import { writeCatalogSnapshot } from '../archive/catalog-snapshots.ts';
import { messageOf } from '../base/failure.ts';
import type { CatalogSnapshot } from '../postgres/catalog-snapshot.ts';
import { readCatalog, unreadDatabases, type ConnectToDatabase } from '../instance/read-catalog.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';

/** Names that were read; without `snapshot`, the warnings say why not. */
export interface NamesRead {
  readonly snapshot: CatalogSnapshot | undefined;
  readonly warnings: readonly string[];
}

const notKept = (why: string): string => `names of relations are not kept: ${why}`;

/** Reads them. Never fails. */
export async function readNames(connectTo: ConnectToDatabase): Promise<NamesRead> {
  try {
    const snapshot = await readCatalog(connectTo);
    const unread = unreadDatabases(snapshot).map((problem) => `names of its relations are not kept: ${problem}`);
    return { snapshot, warnings: unread };
  } catch (error) {
    return { snapshot: undefined, warnings: [notKept(messageOf(error))] };
  }
}

/** Writes them, once the backup is there. Never fails: answers with what could not be done, then or before. */
export async function writeNames(
  { snapshot, warnings }: NamesRead,
  store: ObjectStore,
  options: CallOptions = {},
): Promise<readonly string[]> {
  if (snapshot === undefined) return warnings;
  try {
    await writeCatalogSnapshot(store, snapshot, options);
    return warnings;
  } catch (error) {
    return [...warnings, notKept(messageOf(error))];
  }
}
