/**
 * Which cluster a file of WAL must belong to: the control file of the server tells, or, where there is no server, the
 * archive itself.
 *
 * @module
 */

import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { readSystemIdentifier } from './archive-identity.ts';
import type { ExpectedWal } from './check-wal-file.ts';
import { readControlFile } from './server.ts';

/** What is known; what is not is `undefined`. @throws {Failure} what reading the control file or the store throws. */
export async function readExpectedWal(
  dataDirectory: string | undefined,
  store: ObjectStore,
  options: CallOptions = {},
): Promise<Required<ExpectedWal>> {
  if (dataDirectory === undefined) {
    return { systemIdentifier: await readSystemIdentifier(store, options), walSegmentSizeBytes: undefined };
  }
  const { systemIdentifier, walSegmentSizeBytes } = await readControlFile(dataDirectory);
  return { systemIdentifier, walSegmentSizeBytes };
}
