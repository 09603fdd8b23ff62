/**
 * An archive made of a test server's own `pg_wal`: the finished segments, uncompressed, under WAL-G's names.
 *
 * @module
 */

import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { TestServer } from './postgres.ts';

const ARCHIVED = /^([0-9A-F]{24}|[0-9A-F]{8}\.history)$/;

/**
 * Ends the current segment and copies everything before it. Returns the archive's folder.
 *
 * @param since the first segment to copy; all by default.
 */
export async function archiveWalOf(server: TestServer, folder: string, since = ''): Promise<string> {
  const [row] = await server.sql<{ before: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS before');
  const last = row?.before ?? '';
  await mkdir(join(folder, 'wal_005'), { recursive: true });
  for (const name of await readdir(join(server.dataDirectory, 'pg_wal'))) {
    const isFinished = ARCHIVED.test(name) && (name.endsWith('.history') || (name <= last && name >= since));
    if (isFinished) await copyFile(join(server.dataDirectory, 'pg_wal', name), join(folder, 'wal_005', name));
  }
  return folder;
}
