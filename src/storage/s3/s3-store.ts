/**
 * An archive in S3, or in anything that speaks S3.
 *
 * "Not there" is said only when the store itself says `NoSuchKey`: a bare 404 may come from a wrong bucket, a wrong
 * endpoint or a proxy. Source: Amazon S3 API reference; WAL-G, `pkg/storages/s3`.
 *
 * @module
 */

import { HeadObjectCommand } from '@aws-sdk/client-s3';

import { Failure } from '../../base/failure.ts';
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
import { S3Connection } from './connection.ts';
import { deleteObjects } from './delete-objects.ts';
import { customerKey } from './encryption.ts';
import { keyPrefix } from './endpoint.ts';
import { badAnswer, requestObject } from './get-object.ts';
import { listPages } from './list-objects.ts';
import { putInParts } from './multipart-upload.ts';
import { putObject } from './put-object.ts';
import { readBody } from './read-body.ts';
import { readS3Error } from './s3-error.ts';
import type { S3Action } from './s3-failure.ts';
import { DEFAULT_PART_SIZE_BYTES, WHOLE_BODY_BYTES, type S3Location } from './s3-location.ts';

const READ = { verb: 'read', permission: 's3:GetObject' };
const LOOK_AT = { verb: 'look at', permission: 's3:GetObject' };
const WRITE = { verb: 'write', permission: 's3:PutObject' };
const LIST = { verb: 'list', permission: 's3:ListBucket' };
const LOOK_AT_BUCKET = { verb: 'look at the versioning of', permission: 's3:GetBucketVersioning' };
const DELETE = { verb: 'delete', permission: 's3:DeleteObject' };

class S3Store implements ObjectStore {
  readonly address: string;
  readonly #connection: S3Connection;
  readonly #prefix: string;
  readonly #room: PartRoom;
  readonly #wholeBodyBytes: number;

  constructor(connection: S3Connection) {
    const { bucket, prefix, maxPartSizeBytes } = connection.location;
    this.#connection = connection;
    this.#prefix = keyPrefix(prefix);
    this.#room = new PartRoom(maxPartSizeBytes ?? DEFAULT_PART_SIZE_BYTES);
    this.#wholeBodyBytes = maxPartSizeBytes ?? WHOLE_BODY_BYTES;
    this.address = `s3://${bucket}/${this.#prefix}`.replace(/\/$/, '');
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
    return (await this.#head(action, key, options.signal)) ?? (await this.#proveAbsent(action, key, options.signal));
  }

  async get(key: string, options: ReadOptions = {}): Promise<Buffer | undefined> {
    return readWhole(async () => this.open(key, options));
  }

  async open(key: string, options: ReadOptions = {}): Promise<AsyncIterable<Buffer> | undefined> {
    checkRange(options.range);
    const action = this.#action(READ, checkKey(key));
    // HTTP has no range of no bytes.
    if (options.range?.lengthBytes === 0) return (await this.stat(key, options)) === undefined ? undefined : noPieces();
    const answer = await requestObject(this.#connection, action, { range: options.range }, options.signal);
    if (answer === 'absent') return undefined;
    return answer === 'pastEnd' ? noPieces() : readBody(this.#connection, action, answer, options.signal);
  }

  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutOutcome> {
    const action = this.#action(WRITE, checkKey(key));
    options.signal?.throwIfAborted();
    // Spares sending what would be refused, and keeps stores that do not know If-None-Match from overwriting.
    if (options.ifAbsent === true && (await this.#head(action, key, options.signal)) !== undefined) {
      await abandon(body);
      return 'exists';
    }
    if (body instanceof Uint8Array && body.byteLength <= this.#wholeBodyBytes)
      return putObject(this.#connection, action, body, options);
    return putBody(body, this.#room, {
      whole: (bytes) => putObject(this.#connection, action, bytes, options),
      inParts: (parts) => putInParts(this.#connection, action, parts, this.#room, options),
    });
  }

  async delete(keys: readonly string[], options: CallOptions = {}): Promise<void> {
    const whole = keys.map((key) => this.#prefix + checkKey(key));
    await deleteObjects(this.#connection, this.#action(DELETE, ''), whole, options.signal);
  }

  afterDeletion(options: CallOptions = {}): Promise<AfterDeletion> {
    return afterDeletion(this.#connection, this.#action(LOOK_AT_BUCKET, ''), options.signal);
  }

  async close(): Promise<void> {
    this.#connection.close();
  }

  #action(what: Pick<S3Action, 'verb' | 'permission'>, key: string): S3Action {
    const { bucket, encryption } = this.#connection.location;
    return { ...what, bucket, key: this.#prefix + key, hasCustomerKey: encryption?.kind === 'customer' };
  }

  /** Objects by the archive's own keys. Some programs make an object for a folder, whose key ends with `/`: it is none of ours. */
  #ownObjects(objects: readonly ObjectInfo[]): ObjectInfo[] {
    return objects
      .filter(({ key }) => !key.endsWith('/'))
      .map((object) => ({ ...object, key: object.key.slice(this.#prefix.length) }));
  }

  /** What a HEAD request tells; `undefined` for a 404, which has no body and so does not say what is missing. */
  async #head(action: S3Action, key: string, signal: AbortSignal | undefined): Promise<ObjectInfo | undefined> {
    const place = { Bucket: action.bucket, Key: action.key };
    const command = new HeadObjectCommand({ ...place, ...customerKey(this.#connection.location) });
    return this.#connection.run(action, signal, async (attempt) => {
      try {
        const found = await attempt.client.send(command, { abortSignal: attempt.signal });
        const { ContentLength: sizeBytes, LastModified: modifiedAt, ETag: etag } = found;
        if (sizeBytes === undefined || modifiedAt === undefined || etag === undefined)
          throw badAnswer(action, 'it has no size, no time or no ETag');
        return { key, sizeBytes, modifiedAt };
      } catch (error) {
        if (readS3Error(error).status === 404) return undefined;
        throw error;
      }
    });
  }

  /** Asks once more in a way that the store has to answer in words. */
  async #proveAbsent(action: S3Action, key: string, signal: AbortSignal | undefined): Promise<ObjectInfo | undefined> {
    const range = { startByte: 0, lengthBytes: 1 };
    const answer = await requestObject(this.#connection, action, { range }, signal);
    if (answer === 'absent') return undefined;
    if (answer !== 'pastEnd') await abandon(answer.body);
    const found = await this.#head(action, key, signal);
    if (found !== undefined) return found;
    throw new Failure('unavailable', {
      message: `cannot look at ${this.address}/${key}: the store says both that it is there and that it is not`,
      remedy: 'Try again; if this stays, look for a proxy or cache between here and the store.',
    });
  }
}

/** Opens an archive in S3. */
export async function openS3Store(
  location: S3Location,
  deadlines: StoreDeadlines = DEFAULT_STORE_DEADLINES,
): Promise<ObjectStore> {
  return refusingWhenClosed(new S3Store(await S3Connection.open(location, deadlines)));
}
