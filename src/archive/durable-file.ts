/**
 * Files that appear whole or not at all, and stay after the machine has died.
 *
 * @module
 */

import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';

const TEMPORARY_SUFFIX = '.walkback-tmp';

/** True for the name of a file that is still being written, in a listing of its folder. */
export function isBeingWritten(name: string): boolean {
  return name.endsWith(TEMPORARY_SUFFIX);
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function writeTmp(path: string, bytes: Uint8Array, { modifiedAt, synced }: WriteOptions): Promise<void> {
  const file = await open(path, 'w', 0o600);
  try {
    await file.writeFile(bytes);
    if (synced !== 'nothing') await file.datasync();
    if (modifiedAt !== undefined) await file.utimes(modifiedAt, modifiedAt);
  } finally {
    await file.close();
  }
}

/** How a file is written when not every promise is needed. */
export interface WriteOptions {
  /** What its time of modification shall be; the time of writing otherwise. */
  readonly modifiedAt?: Date;
  /**
   * `content`: after the machine has died, the file is whole or not there. `nothing`: for a file that says something by
   * being there, and whose loss costs only work.
   */
  readonly synced?: 'all' | 'content' | 'nothing';
}

/**
 * Writes a file: beside its place first (`PATH.walkback-tmp`), fsynced, then renamed, and the folder fsynced; the
 * fsyncs as `options.synced` says.
 *
 * @throws {Failure} `failed` if it could not be written; then nothing is left behind.
 */
export async function writeFileDurably(path: string, bytes: Uint8Array, options: WriteOptions = {}): Promise<void> {
  const tmp = `${path}${TEMPORARY_SUFFIX}`;
  try {
    await writeTmp(tmp, bytes, options);
    await rename(tmp, path);
    if ((options.synced ?? 'all') === 'all') await syncFolder(dirname(path));
  } catch (error) {
    await rm(tmp, { force: true }).catch(() => {});
    throw new Failure('failed', {
      message: `cannot write ${path}: ${messageOf(error)}`,
      remedy: 'Make room on the file system, and check that this user may write there; then try again.',
      cause: error,
    });
  }
}
