/**
 * The folder that an archive is in, and the way from a key to a path below it.
 *
 * It refuses what would lead out of the folder: symbolic links are not followed to another place. And it tells "not
 * there" from "cannot look": when the folder itself is missing (a file system that is not mounted), nothing is absent.
 *
 * @module
 */

import { mkdir, open, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';

import { Failure } from '../../base/failure.ts';
import { within } from '../deadlines.ts';
import { checkPrefix } from '../key.ts';
import { errnoOf, fileFailure } from './file-failure.ts';
import { checkFinishedKey } from '../tmp-name.ts';

/** Errors that say "there is nothing by this name". */
const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

export class ArchiveRoot {
  readonly path: string;
  readonly #callMs: number;

  constructor(path: string, callMs: number) {
    this.path = resolve(path);
    this.#callMs = callMs;
  }

  /** One request to the file system: its errors as failures, and never waited for without end. */
  async run<T>(action: string, path: string, work: Promise<T>): Promise<T> {
    try {
      return await within(this.#callMs, `${action} ${path}`, work);
    } catch (error) {
      throw fileFailure(action, path, error);
    }
  }

  /** As `run`, and `undefined` if there is nothing at `path`, which is said only after the root was seen. */
  async runOnExisting<T>(action: string, path: string, work: Promise<T>): Promise<T | undefined> {
    try {
      return await within(this.#callMs, `${action} ${path}`, work);
    } catch (error) {
      if (!ABSENT.has(errnoOf(error) ?? '')) throw fileFailure(action, path, error);
      await this.ensureThere();
      return undefined;
    }
  }

  /** @throws {Failure} `unavailable` if the root is not there: its file system is not mounted, or it was never made. */
  async ensureThere(): Promise<void> {
    const found = await within(this.#callMs, `read ${this.path}`, stat(this.path)).catch((error: unknown) => {
      if (ABSENT.has(errnoOf(error) ?? '')) return undefined;
      throw fileFailure('read', this.path, error);
    });
    if (found?.isDirectory() === true) return;
    throw new Failure('unavailable', {
      message: `cannot use the archive ${this.path}: ${found === undefined ? 'there is no such folder' : 'it is no folder'}`,
      remedy: `Mount its file system; for a new archive:\n    mkdir -p ${this.path}`,
    });
  }

  /** The path of an object; `undefined` if the folder it would be in is not there. */
  async locate(key: string): Promise<string | undefined> {
    const path = this.#pathOf(key);
    const folder = await this.realFolder(dirname(path));
    return folder === undefined ? undefined : join(folder, basename(path));
  }

  /** The path of the folder that a listing of `prefix` begins in; `undefined` if it is not there. */
  async locateFolder(prefix: string): Promise<string | undefined> {
    const folder = checkPrefix(prefix).slice(0, prefix.lastIndexOf('/') + 1);
    return this.realFolder(join(this.path, folder));
  }

  /** The path of an object that is to be written, whose folder is made if it is missing. */
  async prepare(key: string): Promise<string> {
    const path = this.#pathOf(key);
    await this.ensureThere();
    await this.#makeFolder(dirname(path));
    return path;
  }

  #pathOf(key: string): string {
    return join(this.path, checkFinishedKey(key));
  }

  /** Where a folder really is; `undefined` if it is not there. @throws {Failure} `refused` if that is outside the root. */
  async realFolder(folder: string): Promise<string | undefined> {
    const real = await this.runOnExisting('read', folder, realpath(folder));
    if (real === undefined) return undefined;
    const root = await this.run('read', this.path, realpath(this.path));
    if (real === root || real.startsWith(root === sep ? root : root + sep)) return real;
    throw new Failure('refused', {
      message: `cannot use ${folder}: a symbolic link leads out of the archive, to ${real}`,
      remedy: 'Replace the link by a real folder, or by a bind mount.',
    });
  }

  /** Makes a folder and those above it, and their names durable. */
  async #makeFolder(folder: string): Promise<void> {
    if ((await this.realFolder(folder)) !== undefined) return;
    const parent = dirname(folder);
    await this.#makeFolder(parent);
    await this.run('make the folder', folder, mkdir(folder, 0o755)).catch((error: unknown) => {
      const cause = error instanceof Failure ? error.cause : error;
      if (errnoOf(cause) !== 'EEXIST') throw error;
    });
    await this.sync(parent);
    await this.realFolder(folder);
  }

  /** Makes a file, or the names in a folder, durable, if it is there. */
  async sync(path: string): Promise<void> {
    const sync = async (): Promise<void> => {
      await using handle = await open(path, 'r');
      await handle.sync();
    };
    await this.runOnExisting('make durable', path, sync());
  }

  /** Makes a file durable with its name, and those of the folders above it, which may be as new. */
  async syncWithNames(path: string): Promise<void> {
    await this.sync(path);
    const root = await this.realFolder(this.path);
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      await this.sync(folder);
      if (folder === root || folder === dirname(folder)) return;
    }
  }
}
