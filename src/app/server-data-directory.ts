/**
 * Which data directory a command is for.
 *
 * A server runs its archive and restore commands in its data directory, so where the program was started wins: the
 * environment of a rehearsal may name the live server's.
 *
 * @module
 */

import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';

const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR']);

async function isDataDirectory(path: string): Promise<boolean> {
  return stat(join(path, 'global', 'pg_control')).then(
    (found) => found.isFile(),
    () => false,
  );
}

/** False only for what is proven to be none. */
async function mayBeDataDirectory(path: string): Promise<boolean> {
  return stat(join(path, 'global', 'pg_control')).then(
    () => true,
    (error: unknown) => !(error instanceof Error && 'code' in error && ABSENT.has(error.code)),
  );
}

/**
 * The data directory of the server that a file of WAL is for, or comes from: the one in whose `pg_wal` it is, the working
 * directory if it is one, otherwise the setting. `undefined` if none of these is one: on a host without the server, or
 * beside what is left of a dead one.
 */
export async function dataDirectoryOfWal(
  path: string,
  settings: Settings,
  workingDirectory = process.cwd(),
): Promise<string | undefined> {
  const folder = dirname(resolve(workingDirectory, path));
  for (const found of basename(folder) === 'pg_wal' ? [dirname(folder), workingDirectory] : [workingDirectory])
    if (await isDataDirectory(found)) return found;
  const set = settings.get('dataDirectory');
  return set !== undefined && (await mayBeDataDirectory(set)) ? set : undefined;
}

/** The data directory: the working directory if it is one, otherwise the setting. @throws {Failure} `usage` if neither is. */
export async function serverDataDirectory(settings: Settings, workingDirectory = process.cwd()): Promise<string> {
  if (await isDataDirectory(workingDirectory)) return workingDirectory;
  const set = settings.get('dataDirectory');
  if (set !== undefined) return set;
  throw new Failure('usage', {
    message: `cannot tell which server this is for: ${workingDirectory} is no data directory, and none is set`,
    remedy: 'Give --data-directory, or set PGDATA.',
  });
}
