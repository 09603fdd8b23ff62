/**
 * An archive that never had some backup.
 *
 * @module
 */

import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

import type { Recoverable } from '../../../tests/support/recoverable.ts';

/** Removes a backup's objects. */
export async function forgetBackup(live: Recoverable, backupName: string): Promise<void> {
  const folder = join(live.archive, 'basebackups_005');
  for (const name of await readdir(folder)) {
    if (name.startsWith(backupName)) await rm(join(folder, name), { recursive: true });
  }
}
