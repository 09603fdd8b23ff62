/**
 * Which data directory a command is for.
 *
 * A server runs its archive and restore commands in its data directory, so where the program was started wins: the
 * environment of a rehearsal may name the live server's.
 *
 * @module
 */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import type { Settings } from '../config/load-settings.ts';

async function isDataDirectory(path: string): Promise<boolean> {
  return stat(join(path, 'global', 'pg_control')).then(
    (found) => found.isFile(),
    () => false,
  );
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
