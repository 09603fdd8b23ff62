/**
 * Patroni held back: while the file is there, Patroni is not running and is not started.
 *
 * Whoever exchanges the data directory under a member needs that, and needs it to outlive the machine: a container that
 * starts in the middle of a cutover would let Patroni make a new member where the data directory is missing for a moment.
 * So the file is on the volume of the data, beside it, in the folder of recoveries.
 *
 * ```
 * <data directory>.walkback/patroni-held      empty, or one line: why
 * ```
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

function holdPath(dataDirectory: string): string {
  return join(`${resolve(dataDirectory)}.walkback`, 'patroni-held');
}

/** Why Patroni is held back; `undefined` if it is not. */
export async function readHold(dataDirectory: string): Promise<string | undefined> {
  try {
    return (await readFile(holdPath(dataDirectory), 'utf8')).trim() || 'a recovery has asked for it';
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) {
      return undefined;
    }
    // What cannot be looked at is not absent.
    throw error;
  }
}
