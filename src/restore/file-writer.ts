/**
 * Writes restored files: each once, to a name that must not exist, or to one that must, and synced before it counts.
 *
 * Syncing overlaps with the writing of the next files; {@link FileWriter.settle} waits for all of it.
 *
 * @module
 */

import { closeSync, constants, fchmodSync, fsync, mkdirSync, openSync, unlinkSync, writevSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

import { corrupt } from '../codec/corrupt.ts';
import type { TarEntry } from '../codec/tar-reader.ts';
import { openDirect, type DirectBuffers } from './direct-file.ts';

const fsyncFile = promisify(fsync);

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
/** Files that may wait for their sync at once, each with an open descriptor. */
const MAX_UNSYNCED = 32;
/** From this size on a file is written past the page cache. */
const DIRECT_FROM_BYTES = 1024 * 1024;

/** What is written, for messages. */
export interface WrittenFile {
  /** Normalized. */
  readonly name: string;
  /** The object that holds it. */
  readonly object: string;
}

/** Writes files below one place. */
export class FileWriter {
  readonly #madeDirectories = new Set<string>();
  readonly #syncing = new Set<Promise<void>>();
  readonly #onBytes: (bytes: number) => void;
  readonly #direct: DirectBuffers;
  #syncFailure: { readonly error: unknown } | undefined;

  constructor(direct: DirectBuffers, onBytes: (bytes: number) => void) {
    this.#direct = direct;
    this.#onBytes = onBytes;
  }

  /** Makes a directory and those above it, if they are missing. */
  makeDirectory(path: string): void {
    if (this.#madeDirectories.has(path)) return;
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#madeDirectories.add(path);
  }

  /** Writes an entry's content to `path`. `mayReplace`: a file of that name may be there already. */
  async write(path: string, entry: TarEntry, about: WrittenFile & { readonly mayReplace: boolean }): Promise<void> {
    this.makeDirectory(dirname(path));
    if (about.mayReplace) removeIfThere(path);
    const { file, direct } = createFile(path, entry.sizeBytes, about);
    try {
      if (direct === undefined) await this.#writeBuffered(file, entry.body);
      else await this.#direct.writeBody(file, entry.body, this.#onBytes);
      fchmodSync(file, entry.mode & 0o777);
    } catch (error) {
      await this.#direct.settle();
      closeSync(file);
      throw error;
    }
    await this.#syncAndClose(file);
  }

  /** Changes a file that is there. @throws {Failure} `corrupt` if it is not, and what `change` throws. */
  async update<T>(path: string, mode: number, about: WrittenFile, change: (file: number) => Promise<T>): Promise<T> {
    const file = openExisting(path, about);
    let changed: T;
    try {
      changed = await change(file);
      fchmodSync(file, mode & 0o777);
    } catch (error) {
      closeSync(file);
      throw error;
    }
    await this.#syncAndClose(file);
    return changed;
  }

  async #writeBuffered(file: number, body: AsyncIterable<Buffer>): Promise<void> {
    for await (const piece of body) {
      writeFully(file, piece);
      this.#onBytes(piece.length);
    }
  }

  /** Waits until everything written is on disk. @throws what any sync has thrown. */
  async settle(): Promise<void> {
    await Promise.all(this.#syncing);
    if (this.#syncFailure !== undefined) throw this.#syncFailure.error;
  }

  async #syncAndClose(file: number): Promise<void> {
    const done: Promise<void> = fsyncFile(file)
      .catch((error: unknown) => {
        this.#syncFailure ??= { error };
      })
      .finally(() => {
        closeSync(file);
        this.#syncing.delete(done);
      });
    this.#syncing.add(done);
    if (this.#syncing.size >= MAX_UNSYNCED) await Promise.race(this.#syncing);
  }
}

function isError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function createFile(
  path: string,
  sizeBytes: number,
  { name, object }: WrittenFile,
): { file: number; direct: number | undefined } {
  try {
    const direct = sizeBytes >= DIRECT_FROM_BYTES ? openDirect(path, NEW_FILE, 0o600) : undefined;
    return { file: direct ?? openSync(path, NEW_FILE, 0o600), direct };
  } catch (error) {
    if (!isError(error, 'EEXIST')) throw error;
    throw corrupt(object, `it holds ${JSON.stringify(name)}, which is there already`);
  }
}

function openExisting(path: string, { name, object }: WrittenFile): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  } catch (error) {
    // A directory may be in its place, or a link where the table of what is a file does not know the name.
    if (!['ENOENT', 'EISDIR', 'ELOOP'].some((code) => isError(error, code))) throw error;
    throw corrupt(object, `it holds an increment of ${JSON.stringify(name)}, and no backup before it holds that file`);
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isError(error, 'ENOENT')) throw error;
  }
}

function writeFully(file: number, piece: Buffer): void {
  let rest = piece;
  while (rest.length > 0) rest = rest.subarray(writevSync(file, [rest]));
}
