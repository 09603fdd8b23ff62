/**
 * Writing a file so that it is there whole and durably, or not at all.
 *
 * The bytes go to a temporary name, are synced, and get their own name in one step: `rename` replaces what was there,
 * `link` fails if anything was there (POSIX `link(2)`), which makes exactly one winner of many creators.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';
import { link, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';

import { Failure } from '../../base/failure.ts';
import { piecesOf } from '../body.ts';
import type { ObjectBody, PutOptions, PutOutcome } from '../object-store.ts';
import { errnoOf, fileFailure } from './file-failure.ts';
import type { ArchiveRoot } from './root.ts';
import { tmpNameFor } from '../tmp-name.ts';

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  let written = 0;
  while (written < piece.byteLength) {
    const { bytesWritten } = await handle.write(piece, written, piece.byteLength - written);
    written += bytesWritten;
  }
}

/** A new temporary file, and the names it has and shall have. */
interface TmpFile {
  readonly handle: FileHandle;
  readonly tmp: string;
  readonly path: string;
}

/**
 * Makes the temporary file in the object's folder. The folder may vanish in between, when somebody deletes the last
 * other object in it; it is then made again.
 */
async function createTmpFile(root: ArchiveRoot, key: string, attemptsLeft = 10): Promise<TmpFile> {
  try {
    const path = await root.prepare(key);
    const tmp = tmpNameFor(path, new Date(), randomBytes(8).toString('hex'));
    return { path, tmp, handle: await root.run('write', tmp, open(tmp, 'wx')) };
  } catch (error) {
    const vanished = error instanceof Failure && errnoOf(error.cause) === 'ENOENT';
    if (!vanished || attemptsLeft === 1) throw error;
    return createTmpFile(root, key, attemptsLeft - 1);
  }
}

async function writeBody(
  root: ArchiveRoot,
  file: TmpFile,
  body: ObjectBody,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { tmp: path } = file;
  await using handle = file.handle;
  for await (const piece of piecesOf(body)) {
    signal?.throwIfAborted();
    await root.run('write', path, writeAll(handle, piece));
  }
  signal?.throwIfAborted();
  await root.run('make durable', path, handle.sync());
}

async function takeName(root: ArchiveRoot, tmp: string, path: string, ifAbsent: boolean): Promise<PutOutcome> {
  if (!ifAbsent) {
    await root.run('write', path, rename(tmp, path));
    return 'written';
  }
  const outcome = await link(tmp, path).then(
    (): PutOutcome => 'written',
    (error: unknown): PutOutcome => {
      if (errnoOf(error) === 'EEXIST') return 'exists';
      throw fileFailure('write', path, error);
    },
  );
  await root.run('remove', tmp, unlink(tmp));
  return outcome;
}

/** Writes the file of an object. On failure, no name has appeared, and none has other bytes than before. */
export async function writeFileAtomically(
  root: ArchiveRoot,
  key: string,
  body: ObjectBody,
  options: PutOptions,
): Promise<PutOutcome> {
  const file = await createTmpFile(root, key);
  try {
    await writeBody(root, file, body, options.signal);
    const outcome = await takeName(root, file.tmp, file.path, options.ifAbsent === true);
    await root.sync(dirname(file.path));
    return outcome;
  } catch (error) {
    await unlink(file.tmp).catch(() => {});
    throw error;
  }
}
