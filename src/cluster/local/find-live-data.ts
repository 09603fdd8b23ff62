/**
 * Where the live server's data is at this moment: in the middle of a swap its own name may be free.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { isThere } from '../../instance/durable-rename.ts';
import { recoveriesFolderOf } from '../local-places.ts';

/** Between the two renames of a cutover the rehearsal is still there; between those of an undo, what it has put aside. */
async function isInTheMiddle(folder: string): Promise<boolean> {
  return (await isThere(join(folder, 'data'))) || (await isThere(join(folder, 'replaced')));
}

/**
 * The data directory; or, while it is not there, the kept data of the recovery that has moved it (between the two renames
 * of a cutover, or of an undo, the live configuration is in there). Other recoveries may keep data too, of long ago.
 */
export async function findLiveData(dataDirectory: string): Promise<string> {
  if (await isThere(dataDirectory)) return dataDirectory;
  const folder = recoveriesFolderOf(dataDirectory);
  const found: string[] = [];
  for (const id of await readdir(folder).catch(() => [])) {
    if (await isThere(join(folder, id, 'kept', 'PG_VERSION'))) found.push(join(folder, id));
  }
  const middle = await Promise.all(found.map(isInTheMiddle));
  const recovery = found.find((_, index) => middle[index]) ?? found[0];
  return recovery === undefined ? dataDirectory : join(recovery, 'kept');
}
