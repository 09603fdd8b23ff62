/**
 * An archive in Google Cloud Storage.
 *
 * What WAL-G leaves of a crashed upload (`<object>_chunks/…`) are objects like others here; nothing that reads an archive
 * takes them for parts, which lie directly in their folder.
 *
 * Source: Cloud Storage JSON API v1; WAL-G, `pkg/storages/gcs`.
 *
 * @module
 */

import { abandon } from '../body.ts';
import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from '../deadlines.ts';
import { checkFolder, checkKey, checkPrefix } from '../key.ts';
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
import { PartRoom } from '../part-room.ts';
import { putBody } from '../put-body.ts';
import { checkRange } from '../range.ts';
import { refusingWhenClosed } from '../refuse-closed.ts';
import { noPieces, readWhole } from '../whole-body.ts';
import { afterDeletion } from './after-deletion.ts';
import { GcsConnection } from './gcs-connection.ts';
import type { GcsAction } from './gcs-failure.ts';
import { DEFAULT_CHUNK_SIZE_BYTES, type GcsLocation } from './gcs-location.ts';
import { listPages } from './list-objects.ts';
import { lookAtObject, provesAbsence } from './look-at-object.ts';
import { putObject } from './put-object.ts';
import { openObject } from './read-object.ts';
import { putInChunks } from './resumable-upload.ts';

const READ = { verb: 'read', permission: 'storage.objects.get' };
const LOOK_AT = { verb: 'look at', permission: 'storage.objects.get' };
const WRITE = { verb: 'write', permission: 'storage.objects.create' };
const LIST = { verb: 'list', permission: 'storage.objects.list' };
const LOOK_AT_BUCKET = { verb: 'look at the bucket of', permission: 'storage.buckets.get' };
const DELETE = { verb: 'delete', permission: 'storage.objects.delete' };

const CONCURRENT_DELETES = 16;

class GcsStore implements ObjectStore {
  readonly address: string;
  readonly #connection: GcsConnection;
  readonly #prefix: string;
  readonly #room: PartRoom;

  constructor(connection: GcsConnection) {
    const { bucket, prefix, chunkSizeBytes } = connection.location;
    this.#connection = connection;
    this.#prefix = prefix === '' ? '' : `${prefix}/`;
    this.#room = new PartRoom(chunkSizeBytes ?? DEFAULT_CHUNK_SIZE_BYTES);
    this.address = `gs://${bucket}/${prefix}`.replace(/\/$/, '');
  }

  async *list(prefix: string, options: CallOptions & { readonly after?: string } = {}): AsyncGenerator<ObjectInfo> {
    const action = this.#action(LIST, checkPrefix(prefix));
    const after = options.after === undefined || options.after === '' ? undefined : this.#prefix + options.after;
    for await (const page of listPages(this.#connection, { action, after, isFolder: false, signal: options.signal }))
      yield* this.#ownObjects(page.objects);
  }

  async listFolder(prefix: string, options: CallOptions = {}): Promise<{ objects: ObjectInfo[]; folders: string[] }> {
    const action = this.#action(LIST, checkFolder(prefix));
    const objects: ObjectInfo[] = [];
    const folders: string[] = [];
    for await (const page of listPages(this.#connection, { action, isFolder: true, signal: options.signal })) {
      objects.push(...this.#ownObjects(page.objects));
      folders.push(...page.folders.map((folder) => folder.slice(action.key.length)));
    }
    return { objects, folders };
  }

  async stat(key: string, options: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const action = this.#action(LOOK_AT, checkKey(key));
    const found = await lookAtObject(this.#connection, action, options.signal);
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
    const opened = await openObject(this.#connection, action, options.range, options.signal);
    if (opened === 'absent') return undefined;
    return opened === 'pastEnd' ? noPieces() : opened;
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    const action = this.#action(WRITE, checkKey(key));
    if (options.signal?.aborted === true) await abandon(body);
    options.signal?.throwIfAborted();
    return putBody(body, this.#room, {
      whole: (bytes) => putObject(this.#connection, action, bytes, options),
      inParts: (parts) => putInChunks(this.#connection, action, parts, this.#room, options),
    });
  }

  async delete(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    const waiting = keys.map((key) => this.#action(DELETE, checkKey(key))).values();
    const worker = async (): Promise<void> => {
      for (const action of waiting) await this.#deleteOne(action, options.signal);
    };
    await Promise.all(Array.from({ length: CONCURRENT_DELETES }, worker));
  }

  async afterDeletion(options: CallOptions = {}): Promise<AfterDeletion> {
    return afterDeletion(this.#connection, this.#action(LOOK_AT_BUCKET, ''), options.signal);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #action(what: Pick<GcsAction, 'verb' | 'permission'>, key: string): GcsAction {
    return { ...what, bucket: this.#connection.location.bucket, key: this.#prefix + key };
  }

  /** Objects by the archive's own keys. Some programs make an object for a folder, whose key ends with `/`: it is none of ours. */
  #ownObjects(objects: readonly ObjectInfo[]): ObjectInfo[] {
    return objects
      .filter(({ key }) => !key.endsWith('/'))
      .map((object) => ({ ...object, key: object.key.slice(this.#prefix.length) }));
  }

  async #deleteOne(action: GcsAction, signal: AbortSignal | undefined): Promise<void> {
    const url = this.#connection.objectUrl(action.key, {});
    await this.#connection.run(action, signal, async (attempt) => {
      try {
        const answer = await attempt.send({ method: 'DELETE', url, headers: {} }, [204, 200]);
        for await (const _ of answer.body);
      } catch (error) {
        if (!(await provesAbsence(this.#connection, action, error, signal))) throw error;
      }
    });
  }
}

/** Opens an archive in Google Cloud Storage. */
export async function openGcsStore(
  location: GcsLocation,
  deadlines: StoreDeadlines = DEFAULT_STORE_DEADLINES,
): Promise<ObjectStore> {
  return refusingWhenClosed(new GcsStore(await GcsConnection.open(location, deadlines)));
}
