/**
 * An archive in Azure Blob Storage.
 *
 * Source: Azure Blob Storage REST API; WAL-G, `pkg/storages/azure`.
 *
 * @module
 */

import { abandon } from '../body.ts';
import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from '../deadlines.ts';
import { checkFolder, checkKey, checkPrefix, compareKeys } from '../key.ts';
import type {
  AfterDeletion,
  CallOptions,
  ObjectBody,
  ObjectInfo,
  ObjectStore,
  PutOptions,
  PutOutcome,
  ReadOptions,
} from '../object-store.ts';
import { PARTS_ON_THEIR_WAY, PartRoom } from '../part-room.ts';
import { putBody } from '../put-body.ts';
import { checkRange } from '../range.ts';
import { refusingWhenClosed } from '../refuse-closed.ts';
import { noPieces, readWhole } from '../whole-body.ts';
import { afterDeletion } from './after-deletion.ts';
import { AzureConnection } from './azure-connection.ts';
import type { AzureAction } from './azure-failure.ts';
import { DEFAULT_BLOCK_SIZE_BYTES, DEFAULT_CONCURRENT_BLOCKS, type AzureLocation } from './azure-location.ts';
import { putInBlocks, type BlockWays } from './block-upload.ts';
import { listInOrder, listPages } from './list-blobs.ts';
import { lookAtBlob, provesAbsence } from './look-at-blob.ts';
import { putBlob } from './put-blob.ts';
import { openBlob } from './read-blob.ts';

const READ = { verb: 'read', permission: 'reading blobs (r)' };
const LOOK_AT = { verb: 'look at', permission: 'reading blobs (r)' };
const WRITE = { verb: 'write', permission: 'writing blobs (cw)' };
const LIST = { verb: 'list', permission: 'listing blobs (l)' };
const LOOK_AT_KEEPING = { verb: 'look at the keeping of', permission: 'reading the properties of the Blob service' };
const DELETE = { verb: 'delete', permission: 'deleting blobs (d)' };

const CONCURRENT_DELETES = 16;

class AzureStore implements ObjectStore {
  readonly address: string;
  readonly #connection: AzureConnection;
  readonly #prefix: string;
  readonly #ways: BlockWays;

  constructor(connection: AzureConnection) {
    const { container, prefix, blockSizeBytes, concurrentBlocks } = connection.location;
    this.#connection = connection;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    const mostAtOnce = concurrentBlocks ?? DEFAULT_CONCURRENT_BLOCKS;
    const onTheirWay = Math.max(PARTS_ON_THEIR_WAY, mostAtOnce);
    this.#ways = { mostAtOnce, room: new PartRoom(blockSizeBytes ?? DEFAULT_BLOCK_SIZE_BYTES, onTheirWay) };
    this.address = `azure://${container}/${prefix}`.replace(/\/$/, '');
  }

  async *list(prefix: string, options: CallOptions & { readonly after?: string } = {}): AsyncGenerator<ObjectInfo> {
    const action = this.#action(LIST, checkPrefix(prefix));
    const { after = '', signal } = options;
    for await (const object of listInOrder(this.#connection, { action, isFolder: false, signal })) {
      const own = this.#own(object);
      // The API has no way to begin a listing at a key.
      if (compareKeys(own.key, after) > 0) yield own;
    }
  }

  async listFolder(prefix: string, options: CallOptions = {}): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    const action = this.#action(LIST, checkFolder(prefix));
    const objects: ObjectInfo[] = [];
    const folders = new Set<string>();
    for await (const page of listPages(this.#connection, { action, isFolder: true, signal: options.signal })) {
      objects.push(...page.objects.map((object) => this.#own(object)));
      for (const folder of page.folders) folders.add(folder.slice(action.key.length));
    }
    objects.sort((left, right) => compareKeys(left.key, right.key));
    return { objects, folders: [...folders].toSorted(compareKeys) };
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const action = this.#action(LOOK_AT, checkKey(key));
    const found = await lookAtBlob(this.#connection, action, options.signal);
    return found === undefined ? undefined : { key, sizeBytes: found.sizeBytes, modifiedAt: found.modifiedAt };
  }

  async get(key: string, options: ReadOptions = {}): Promise<Buffer | undefined> {
    return readWhole(async () => this.open(key, options));
  }

  async open(key: string, options: ReadOptions = {}): Promise<AsyncIterable<Buffer> | undefined> {
    checkRange(options.range);
    const action = this.#action(READ, checkKey(key));
    // HTTP has no range of no bytes.
    if (options.range?.lengthBytes === 0) return (await this.stat(key, options)) === undefined ? undefined : noPieces();
    const opened = await openBlob(this.#connection, action, options.range, options.signal);
    if (opened === 'absent') return undefined;
    return opened === 'pastEnd' ? noPieces() : opened;
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    const action = this.#action(WRITE, checkKey(key));
    if (options.signal?.aborted === true) await abandon(body);
    options.signal?.throwIfAborted();
    // Spares sending what would be refused.
    if (options.ifAbsent === true && (await this.stat(key, options)) !== undefined) {
      await abandon(body);
      return 'exists';
    }
    return putBody(body, this.#ways.room, {
      whole: (bytes) => putBlob(this.#connection, action, bytes, options),
      inParts: (parts) => putInBlocks(this.#connection, action, parts, this.#ways, options),
    });
  }

  async delete(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    const waiting = keys.map((key) => this.#action(DELETE, checkKey(key))).values();
    const worker = async (): Promise<void> => {
      for (const action of waiting) await this.#deleteOne(action, options.signal);
    };
    await Promise.all(Array.from({ length: CONCURRENT_DELETES }, worker));
  }

  afterDeletion(options: CallOptions = {}): Promise<AfterDeletion> {
    return afterDeletion(this.#connection, this.#action(LOOK_AT_KEEPING, ''), options.signal);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #action(what: Pick<AzureAction, 'verb' | 'permission'>, key: string): AzureAction {
    return { ...what, container: this.#connection.location.container, key: this.#prefix + key };
  }

  #own(object: ObjectInfo): ObjectInfo {
    return { ...object, key: object.key.slice(this.#prefix.length) };
  }

  async #deleteOne(action: AzureAction, signal: AbortSignal | undefined): Promise<void> {
    const url = this.#connection.url(action.key);
    const headers = { 'x-ms-delete-snapshots': 'include' };
    await this.#connection.run(action, signal, async (attempt) => {
      try {
        const answer = await attempt.send({ method: 'DELETE', url, headers }, [202]);
        for await (const _ of answer.body);
      } catch (error) {
        if (!(await provesAbsence(this.#connection, action, error, signal))) throw error;
      }
    });
  }
}

/** Opens an archive in Azure. */
export async function openAzureStore(
  location: AzureLocation,
  deadlines: StoreDeadlines = DEFAULT_STORE_DEADLINES,
): Promise<ObjectStore> {
  return refusingWhenClosed(new AzureStore(await AzureConnection.open(location, deadlines)));
}
