/**
 * An archive in a folder: a local disk or a mounted file system.
 *
 * The folder itself must be there: it is never made, since a missing one is most often a file system that is not
 * mounted. Source: WAL-G, `pkg/storages/fs/folder.go`; what differs: a listing of a missing folder below the root is
 * empty, and a read makes no folders.
 *
 * @module
 */

import { rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { Failure } from '../../base/failure.ts';
import { abandon } from '../body.ts';
import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from '../deadlines.ts';
import { checkFolder } from '../key.ts';
import type {
  CallOptions,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  PutOutcome,
  ReadOptions,
} from '../object-store.ts';
import { checkRange } from '../range.ts';
import { refusingWhenClosed } from '../refuse-closed.ts';
import { errnoOf } from './file-failure.ts';
import { readPieces } from './read-file.ts';
import { ArchiveRoot } from './root.ts';
import { fileInfo, readFolder, walk } from './walk.ts';
import { writeFileAtomically } from './write-file.ts';

class FileStore implements ObjectStore {
  readonly address: string;
  readonly answersCheaply = true;
  readonly #root: ArchiveRoot;

  constructor(root: ArchiveRoot) {
    this.#root = root;
    this.address = root.path;
  }

  async *list(prefix: string, options: CallOptions & { readonly after?: string } = {}): AsyncGenerator<ObjectInfo> {
    const folder = await this.#root.locateFolder(prefix);
    if (folder === undefined) return;
    const folderKey = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    yield* walk(this.#root, folder, folderKey, { prefix, after: options.after ?? '', signal: options.signal });
  }

  async listFolder(prefix: string, options: CallOptions = {}): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    const folder = await this.#root.locateFolder(checkFolder(prefix));
    const entries = folder === undefined ? undefined : await readFolder(this.#root, folder);
    const objects: ObjectInfo[] = [];
    const folders: string[] = [];
    for (const { name, isFolder } of entries ?? []) {
      options.signal?.throwIfAborted();
      if (isFolder) folders.push(name);
      const info = isFolder ? undefined : await fileInfo(this.#root, join(folder ?? '', name), prefix + name);
      if (info !== undefined) objects.push(info);
    }
    return { objects, folders };
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    options.signal?.throwIfAborted();
    const path = await this.#root.locate(key);
    return path === undefined ? undefined : fileInfo(this.#root, path, key);
  }

  async get(key: string, options: ReadOptions = {}): Promise<Buffer | undefined> {
    const pieces = await this.open(key, options);
    return pieces === undefined ? undefined : Buffer.concat(await Array.fromAsync(pieces));
  }

  async open(key: string, options: ReadOptions = {}): Promise<AsyncIterable<Buffer> | undefined> {
    checkRange(options.range);
    const info = await this.stat(key, options);
    const path = info === undefined ? undefined : await this.#root.locate(key);
    return path === undefined ? undefined : readPieces(this.#root, path, options);
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    options.signal?.throwIfAborted();
    const isThere = options.ifAbsent === true && (await this.stat(key)) !== undefined;
    if (isThere) await abandon(body);
    const outcome = isThere ? 'exists' : await writeFileAtomically(this.#root, key, body, options);
    if (outcome === 'exists') await this.sync(key, options);
    return outcome;
  }

  async sync(key: string, options: CallOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const path = await this.#root.locate(key);
    if (path !== undefined) await this.#root.syncWithNames(path);
  }

  async delete(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    for (const key of keys) {
      options.signal?.throwIfAborted();
      await this.#deleteOne(key);
    }
  }

  async close(): Promise<void> {}

  async #deleteOne(key: string): Promise<void> {
    const path = await this.#root.locate(key);
    if (path === undefined || (await fileInfo(this.#root, path, key)) === undefined) return;
    await this.#root.runOnExisting('delete', path, unlink(path));
    await this.#root.sync(await this.#removeEmptyFolders(dirname(path)));
  }

  /** Removes `folder`, and those above it, as long as they are empty. Answers with the first that stays. */
  async #removeEmptyFolders(folder: string): Promise<string> {
    const root = await this.#root.realFolder(this.#root.path);
    if (folder === root) return folder;
    try {
      await this.#root.runOnExisting('remove the folder', folder, rmdir(folder));
    } catch (error) {
      const code = error instanceof Failure ? errnoOf(error.cause) : undefined;
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return folder;
      throw error;
    }
    return this.#removeEmptyFolders(dirname(folder));
  }
}

/** Opens the archive in the folder `path`. */
export function openFileStore(path: string, deadlines: StoreDeadlines = DEFAULT_STORE_DEADLINES): ObjectStore {
  return refusingWhenClosed(new FileStore(new ArchiveRoot(path, deadlines.callMs)));
}
