/**
 * Renames and folders that are still there after the machine has died.
 *
 * @module
 */

import { mkdir, open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';

/** fsync of a folder: its names are on disk afterwards. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** True if there is something at `path`. @throws {Failure} `denied` if that cannot be looked at. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return false;
    throw new Failure('denied', {
      message: `cannot look at ${path}: ${messageOf(error)}`,
      remedy: "Run walkback as the operating system's user that owns the data directory.",
      cause: error,
    });
  }
}

/**
 * Renames a directory to a name that is free, and fsyncs both parents.
 *
 * @throws {Failure} `conflict` if something has the new name; `failed` if the system refuses (another file system, a mount point).
 */
export async function renameDurably(from: string, to: string): Promise<void> {
  if (await isThere(to)) {
    throw new Failure('conflict', {
      message: `cannot rename ${from} to ${to}: something has that name already`,
      remedy: `Look at ${to} and move it away if it is not needed, then go on.`,
    });
  }
  try {
    await rename(from, to);
    await syncFolder(dirname(to));
    if (dirname(from) !== dirname(to)) await syncFolder(dirname(from));
  } catch (error) {
    throw new Failure('failed', {
      message: `cannot rename ${from} to ${to}: ${messageOf(error)}`,
      remedy: 'Both must be on one file system and not mount points, and this user must own both parent directories.',
      cause: error,
    });
  }
}

/** Makes a folder (mode 0700) that survives; one that is there is fine. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await syncFolder(dirname(path));
  } catch (error) {
    throw new Failure('denied', {
      message: `cannot make the folder ${path}: ${messageOf(error)}`,
      remedy: `Let the user that runs walkback write in ${dirname(path)}; it must be the one that owns the data directory.`,
      cause: error,
    });
  }
}
