/**
 * The control file of a data directory on this host.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { parseControlFile, type ControlFile } from '../postgres/control-file.ts';

/** Reads `global/pg_control`. @throws {Failure} `denied` if it cannot be read, `corrupt` if it is damaged. */
export async function controlFileOf(dataDirectory: string): Promise<ControlFile> {
  const path = join(dataDirectory, 'global', 'pg_control');
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new Failure('denied', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: 'Name the data directory of the server, and run walkback as the user that owns it.',
      cause: error,
    });
  });
  return parseControlFile(bytes);
}

/** True if the server that had this directory has ended a clean shutdown. */
export function isShutDown(control: ControlFile): boolean {
  return control.state === 'shut down' || control.state === 'shut down in recovery';
}
