/**
 * Pushing one file of WAL, as an `archive_command` has it done, by either of our names.
 *
 * @module
 */

import { pushWalFile, type PushedWalFile } from '../archive/push.ts';
import { readControlFile } from '../archive/server.ts';
import type { Settings } from '../config/load-settings.ts';
import type { Archive } from './open-archive.ts';
import { dataDirectoryOfWal } from './server-data-directory.ts';

/** Pushes it for the server that it is of, if that can be told; else its own first page says which cluster's it is. */
export async function pushWalOf(
  path: string,
  archive: Archive,
  { settings, signal }: { readonly settings: Settings; readonly signal: AbortSignal },
): Promise<PushedWalFile> {
  const { forWriting: store, compression } = archive;
  const dataDirectory = await dataDirectoryOfWal(path, settings);
  const server = dataDirectory === undefined ? undefined : await readControlFile(dataDirectory);
  return pushWalFile({
    store,
    path,
    compression,
    systemIdentifier: server?.systemIdentifier,
    walSegmentSizeBytes: server?.walSegmentSizeBytes,
    signal,
  });
}
