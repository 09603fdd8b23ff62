/**
 * Looks whether the store has what it has confirmed of a backup, before a sentinel says that the backup is complete.
 *
 * A gateway in between may have answered for the store, and a lifecycle rule or a person may have removed something
 * meanwhile: both are found out now, while the server still has the data, and not in a recovery.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { backupFolder } from '../walg/backup-names.ts';

/** What must be there. */
export interface ExpectedObjects {
  readonly backupName: string;
  /** Keys of all objects of the backup but its sentinel. */
  readonly keys: readonly string[];
  /** Together they have so many bytes at least: encrypted they have more. */
  readonly leastBytes: bigint;
}

/** @throws {Failure} `unavailable` if something is missing, or all of it too small. */
export async function confirmStored(
  store: ObjectStore,
  { backupName, keys, leastBytes }: ExpectedObjects,
  signal: AbortSignal,
): Promise<void> {
  const missing = new Set(keys);
  let foundBytes = 0n;
  for await (const { key, sizeBytes } of store.list(backupFolder(backupName), { signal })) {
    if (missing.delete(key)) foundBytes += BigInt(sizeBytes);
  }
  const [first] = missing;
  if (first === undefined && foundBytes >= leastBytes) return;
  const found = first === undefined ? `${foundBytes} of ${leastBytes} bytes of it` : `does not have ${first}`;
  throw unconfirmed(store, backupName, first === undefined ? `has ${found}` : found);
}

/** The failure: the store has confirmed something, and `found`. */
export function unconfirmed(store: ObjectStore, backupName: string, found: string): Failure {
  return new Failure('unavailable', {
    message: `cannot finish ${backupName}: ${store.address} has confirmed all of it and ${found}`,
    remedy:
      'Take the backup again. If this goes on, look what stands between this host and the store (a proxy, a gateway), and what deletes objects there.',
  });
}
