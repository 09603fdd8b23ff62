/**
 * The server that WAL goes to or comes from, as far as its data directory tells: which cluster, and in which state.
 *
 * Nothing is asked of a running server: `restore_command` runs before there is one to ask.
 *
 * @module
 */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { parseControlFile, type ControlFile } from '../postgres/control-file.ts';
import type { ServerState } from './fetch-exit-code.ts';

/** True if there is something at `path`. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** The state of the server on a data directory; see {@link ServerState}. */
export async function readServerState(dataDirectory: string): Promise<ServerState> {
  return (await exists(join(dataDirectory, 'standby.signal'))) ? 'standby' : 'archiveRecovery';
}

/** The control file of a data directory. @throws {Failure} `failed` if it cannot be read, `corrupt` if it is damaged. */
export async function readControlFile(dataDirectory: string): Promise<ControlFile> {
  const path = join(dataDirectory, 'global', 'pg_control');
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new Failure('failed', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: 'Give the data directory of the server, and run as a user that may read it.',
      cause: error,
    });
  }
  return parseControlFile(bytes);
}
