/**
 * A place to restore into, with something beside it that must stay as it is.
 *
 * @module
 */

import { accessSync, constants } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { HostileFault } from './hostile-kind.ts';

/** Memory, where the machine gives it as a folder: a million files are synced. */
const MEMORY = '/dev/shm';
/** All that a server has in the folder of a tablespace. */
const SERVER_FOLDER = /^PG_\d+_\d+$/;
const SECRET = 'nobody writes here';

function fastFolder(): string {
  try {
    accessSync(MEMORY, constants.W_OK);
    return MEMORY;
  } catch {
    return tmpdir();
  }
}

/** The place. Disposing removes it. */
export class ScratchPlace implements AsyncDisposable {
  readonly root: string;
  /** The data directory and a tablespace's folder: what is restored goes there. */
  readonly data: string;
  readonly tablespace: string;
  /** A folder beside them, with one file. */
  readonly outside: string;

  private constructor(root: string) {
    this.root = root;
    this.data = join(root, 'place/data');
    this.tablespace = join(root, 'place/space');
    this.outside = join(root, 'outside');
  }

  static async make(): Promise<ScratchPlace> {
    const place = new ScratchPlace(await mkdtemp(join(fastFolder(), 'walkback-hostile-')));
    await mkdir(place.outside);
    await writeFile(join(place.outside, 'secret'), SECRET);
    await place.empty();
    return place;
  }

  /** Empties the two folders. */
  async empty(): Promise<void> {
    await rm(join(this.root, 'place'), { recursive: true, force: true });
    for (const folder of [this.data, this.tablespace]) await mkdir(folder, { recursive: true });
  }

  /** What is not as it must be, and whether it is outside the place; `undefined` if all is well. */
  async problem(): Promise<Pick<HostileFault, 'kind' | 'what'> | undefined> {
    const what = await this.#writtenOutside();
    if (what !== undefined) return { kind: 'outside', what };
    for (const folder of [this.data, this.tablespace]) {
      for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile() && !entry.isDirectory())
          return { kind: 'wrong', what: `${entry.name} is neither a file nor a directory` };
      }
    }
    return undefined;
  }

  async #writtenOutside(): Promise<string | undefined> {
    const beside = [await readdir(this.root), await readdir(this.outside), await readdir(join(this.root, 'place'))];
    if (beside.map((names) => names.toSorted().join()).join(' ') !== 'outside,place secret data,space') {
      return `something was written outside: ${JSON.stringify(beside)}`;
    }
    const secret = join(this.outside, 'secret');
    const { nlink } = await lstat(secret);
    if (nlink !== 1 || (await readFile(secret, 'utf8')) !== SECRET) return 'a file outside was changed, or linked to';
    const foreign = (await readdir(this.tablespace)).filter((name) => !SERVER_FOLDER.test(name));
    return foreign.length > 0 ? `${JSON.stringify(foreign)} was written to the place of a tablespace` : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.root, { recursive: true, force: true });
  }
}

/** True for an answer of the system, such as "a directory is in the way"; whoever restores names the object with it. */
export function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
