/**
 * An archive in a folder of another host, over SFTP.
 *
 * The folder itself must be there: it is never made. Source: WAL-G, `pkg/storages/sh`; what differs: the host must be known
 * by its key, a connection that broke is made again, a listing of a host that cannot be asked is never empty, and folders
 * without objects are removed.
 *
 * @module
 */

import { posix } from 'node:path';

import { Failure } from '../../base/failure.ts';
import { abandon } from '../body.ts';
import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from '../deadlines.ts';
import { checkFolder, checkPrefix } from '../key.ts';
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
import { checkFinishedKey } from '../tmp-name.ts';
import { readFolder, removeEmptyFolders, walk } from './folders.ts';
import { syncWithNames } from './make-durable.ts';
import { FileReader } from './read-file.ts';
import type { SftpChannel } from './sftp-channel.ts';
import { problemOf } from './sftp-error.ts';
import { SshConnection } from './ssh-connection.ts';
import type { SshLocation } from './ssh-location.ts';
import { writeFileAtomically } from './write-file.ts';

const DELETES_AT_A_TIME = 8;

class SshStore implements ObjectStore {
  readonly address: string;
  readonly #connection: SshConnection;

  constructor(connection: SshConnection) {
    this.#connection = connection;
    this.address = connection.address;
  }

  async *list(prefix: string, options: CallOptions & { readonly after?: string } = {}): AsyncGenerator<ObjectInfo> {
    const folderKey = checkPrefix(prefix).slice(0, prefix.lastIndexOf('/') + 1);
    const wanted = { prefix, after: options.after ?? '', signal: options.signal };
    yield* walk(this.#connection, this.#pathOf(folderKey), folderKey, wanted);
  }

  async listFolder(prefix: string, options: CallOptions = {}): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    const entries = await readFolder(this.#connection, this.#pathOf(checkFolder(prefix)), options.signal);
    const files = entries.filter(({ isFolder }) => !isFolder);
    return {
      objects: files.map(({ name, sizeBytes, modifiedAt }) => ({ key: prefix + name, sizeBytes, modifiedAt })),
      folders: entries.filter(({ isFolder }) => isFolder).map(({ name }) => name),
    };
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const path = this.#pathOf(checkFinishedKey(key));
    const action = `look at ${this.#addressOf(key)}`;
    const found = await this.#connection.runOnExisting(action, options.signal, (channel) => channel.lstat(path));
    if (found === undefined || found.isDirectory()) return undefined;
    if (found.isFile()) return { key, sizeBytes: found.size, modifiedAt: new Date(found.mtime * 1000) };
    throw new Failure('refused', {
      message: `cannot use ${this.#addressOf(key)}: it is no regular file`,
      remedy: 'Replace it by the file itself.',
    });
  }

  async get(key: string, options: ReadOptions = {}): Promise<Buffer | undefined> {
    checkRange(options.range);
    options.signal?.throwIfAborted();
    const pieces = await this.#reader(key, options).open(options.range);
    return pieces === undefined ? undefined : Buffer.concat(await Array.fromAsync(pieces));
  }

  async open(key: string, options: ReadOptions = {}): Promise<AsyncIterable<Buffer> | undefined> {
    checkRange(options.range);
    if ((await this.stat(key, options)) === undefined) return undefined;
    return this.#reader(key, options).pieces(options.range);
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    const path = this.#pathOf(checkFinishedKey(key));
    options.signal?.throwIfAborted();
    const isThere = options.ifAbsent === true && (await this.stat(key, options)) !== undefined;
    if (isThere) await abandon(body);
    const action = `write ${this.#addressOf(key)}`;
    const outcome = isThere ? 'exists' : await writeFileAtomically(this.#connection, path, action, body, options);
    if (outcome === 'exists') await this.sync(key, options);
    return outcome;
  }

  async sync(key: string, { signal }: CallOptions = {}): Promise<void> {
    const path = this.#pathOf(checkFinishedKey(key));
    const root = this.#pathOf('');
    await this.#connection.runOnExisting(`make durable ${this.#addressOf(key)}`, signal, (channel) =>
      syncWithNames(channel, path, root),
    );
  }

  async delete(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    const waiting = keys.map((key) => ({ key, path: this.#pathOf(checkFinishedKey(key)) })).toReversed();
    const worker = async (): Promise<void> => {
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const { key, path } = next;
        await this.#connection.runOnExisting(`delete ${this.#addressOf(key)}`, options.signal, (channel) =>
          this.#deleteOne(channel, path),
        );
      }
    };
    await Promise.all(Array.from({ length: DELETES_AT_A_TIME }, worker));
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #pathOf(key: string): string {
    return posix.join(this.#connection.location.path, key).replace(/(?<=.)\/$/, '');
  }

  #addressOf(key: string): string {
    return `${this.address}/${key}`;
  }

  #reader(key: string, { signal }: ReadOptions): FileReader {
    const path = this.#pathOf(checkFinishedKey(key));
    return new FileReader(this.#connection, path, `read ${this.#addressOf(key)}`, signal);
  }

  async #deleteOne(channel: SftpChannel, path: string): Promise<void> {
    try {
      await channel.unlink(path);
    } catch (error) {
      // A folder is no object: there is none by this name.
      if (problemOf(error) === 'failure' && (await channel.lstat(path)).isDirectory()) return;
      throw error;
    }
    await removeEmptyFolders(channel, this.#connection.location.path, posix.dirname(path));
  }
}

/** Opens the archive in a folder of another host. It is not asked anything yet. */
export function openSshStore(location: SshLocation, deadlines: StoreDeadlines = DEFAULT_STORE_DEADLINES): ObjectStore {
  return refusingWhenClosed(new SshStore(new SshConnection(location, deadlines)));
}
