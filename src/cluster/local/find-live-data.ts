/**
 * Where the live server's data is at this moment: in the middle of a swap its own name may be free.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isThere } from '../../instance/durable-rename.ts';
import { recoveriesFolderOf } from './local-cluster.ts';

/**
 * The data directory; or, while it is not there, the kept data of the recovery that has moved it (between the two renames
 * of a cutover, or of an undo, the live configuration is in there).
 */
export async function findLiveData(dataDirectory: string): Promise<string> {
  if (await isThere(dataDirectory)) return dataDirectory;
  const folder = recoveriesFolderOf(dataDirectory);
  for (const id of await readdir(folder).catch(() => [])) {
    const kept = join(folder, id, 'kept');
    if (await isThere(join(kept, 'PG_VERSION'))) return kept;
  }
  return dataDirectory;
}
