/**
 * The server that WAL goes to or comes from, as far as its data directory tells: which cluster, and in which state.
 *
 * Nothing is asked of a running server: `restore_command` runs before there is one to ask.
 *
 * @module
 */

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { Failure, isFailure, messageOf } from '../base/failure.ts';
import { parseControlFile, type ControlFile } from '../postgres/control-file.ts';
import type { ServerState } from './fetch-exit-code.ts';

/** True if there is something at `path`. */
export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** True for a history file without which a server goes on: it has it, or there is none of timeline 1. */
async function canDoWithout(fileName: string, dataDirectory: string): Promise<boolean> {
  if (!fileName.endsWith('.history')) return false;
  return fileName === '00000001.history' || (await exists(join(dataDirectory, 'pg_wal', fileName)));
}

/** The state of the server on a data directory that asks for a file, or of whoever asks without one; see {@link ServerState}. */
export async function readServerState(dataDirectory: string | undefined, fileName: string): Promise<ServerState> {
  if (dataDirectory === undefined) return 'archiveRecovery';
  if (await exists(join(dataDirectory, 'standby.signal'))) return 'standby';
  if (await exists(join(dataDirectory, 'recovery.signal'))) return 'archiveRecovery';
  return (await canDoWithout(fileName, dataDirectory)) ? 'promoted' : 'archiveRecovery';
}

/** A running server writes the file while it is read; a reader may then get half of each version. */
const TORN_TRIES = 5;
const TORN_PAUSE_MS = 10;

async function readBytes(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Failure('failed', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: 'Give the data directory of the server, and run as a user that may read it.',
      cause: error,
    });
  }
}

/**
 * The control file of a data directory. One whose checksum is wrong is read again: it is damaged only if it stays so.
 *
 * Source: PostgreSQL `src/common/controldata_utils.c` (`get_controlfile`).
 *
 * @throws {Failure} `failed` if it cannot be read, `corrupt` if it is damaged.
 */
export async function readControlFile(dataDirectory: string): Promise<ControlFile> {
  const path = join(dataDirectory, 'global', 'pg_control');
  for (let tries = 1; ; tries += 1) {
    const bytes = await readBytes(path);
    try {
      return parseControlFile(bytes);
    } catch (error) {
      if (!isFailure(error, 'corrupt') || tries === TORN_TRIES) throw error;
      await sleep(TORN_PAUSE_MS);
    }
  }
}
