/**
 * The files that a server wants archived, from `pg_wal/archive_status`, in order of need.
 *
 * Source: PostgreSQL `src/backend/postmaster/pgarch.c` (`pgarch_readyXlog`): history files first, then by name.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { walFileKind } from '../walg/object-names.ts';

const READY = '.ready';

/**
 * Those of `names` that a server archives, in the order in which its archiver asks: history files first (a promotion waits
 * for them), then by name. Each is looked at once: a server that could not archive for long has tens of thousands.
 */
export function inOrderOfNeed(names: readonly string[], kindOf: typeof walFileKind = walFileKind): string[] {
  const histories: string[] = [];
  const others: string[] = [];
  for (const name of names) {
    const kind = kindOf(name);
    if (kind === 'history') histories.push(name);
    else if (kind !== undefined) others.push(name);
  }
  return [...histories.toSorted(), ...others.toSorted()];
}

/** Names of files that are ready to be archived, those needed first in front. None if the folder is not there yet. */
export async function readReadyFiles(dataDirectory: string): Promise<string[]> {
  const entries = await readdir(join(dataDirectory, 'pg_wal', 'archive_status')).catch(() => []);
  return inOrderOfNeed(entries.filter((entry) => entry.endsWith(READY)).map((entry) => entry.slice(0, -READY.length)));
}
