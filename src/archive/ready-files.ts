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

/** The order in which a server's archiver asks: history files first (a promotion waits for them), then by name. */
export function byNeed(a: string, b: string): number {
  const history = Number(walFileKind(b) === 'history') - Number(walFileKind(a) === 'history');
  if (history !== 0) return history;
  return a < b ? -1 : Number(a > b);
}

/** Names of files that are ready to be archived, those needed first in front. None if the folder is not there yet. */
export async function readReadyFiles(dataDirectory: string): Promise<string[]> {
  const entries = await readdir(join(dataDirectory, 'pg_wal', 'archive_status')).catch(() => []);
  const names = entries.filter((entry) => entry.endsWith(READY)).map((entry) => entry.slice(0, -READY.length));
  return names.filter((name) => walFileKind(name) !== undefined).toSorted(byNeed);
}
