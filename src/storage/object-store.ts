/**
 * The contract of an object store: where an archive's bytes live.
 *
 * Keys are relative to the archive's prefix, use `/`, never begin with it, and compare by their UTF-8 bytes.
 * `conformance.ts` beside this file is the same contract as tests; every backend passes it.
 *
 * What every backend promises:
 *
 * - **Absent is proven.** `undefined` means the store answered that the object is not there. A store that cannot be
 *   asked is a `Failure` of kind `unavailable` or `denied`, never `undefined`.
 * - **Whole or not at all.** An object appears complete or not; a put that failed has left nothing readable, or exactly
 *   the bytes it was given.
 * - **Read after write**, and in listings.
 * - **No truncated reads.** A body that ends before its announced length is a `Failure`, after retries.
 * - **Everything ends.** Each call has a deadline; a stalled connection is cut and retried inside it.
 *
 * @module
 */

/** What a listing or `stat` tells of one object. */
export interface ObjectInfo {
  readonly key: string;
  readonly sizeBytes: number;
  /** When the store says it was written. */
  readonly modifiedAt: Date;
}

/** A span of bytes: `lengthBytes` from `startByte`. A range past the end of the object is cut to it. */
export interface ByteRange {
  readonly startByte: number;
  readonly lengthBytes: number;
}

/** Options of one call. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/** Options of a read. */
export interface ReadOptions extends CallOptions {
  readonly range?: ByteRange;
}

/** Options of a write. */
export interface PutOptions extends CallOptions {
  /** Write only if no object has this key. The answer says which it was. */
  readonly ifAbsent?: boolean;
}

/** What an object holds, when it is written: all at once, or in pieces of any size. */
export type ObjectBody = Uint8Array | AsyncIterable<Uint8Array>;

/** `exists` only with `ifAbsent`: another object has the key, which is as durable as a written one, and nothing was written. */
export type PutOutcome = 'written' | 'exists';

/**
 * What becomes of an object that is deleted: it is gone; its versions stay until a rule of the bucket takes them; they are
 * locked as well, so that nobody can take them before their time; or the store may not be asked.
 */
export type AfterDeletion = 'gone' | 'versions' | 'locked' | 'unknown';

/** Where an archive's objects live. */
export interface ObjectStore {
  /** The archive's address for messages: `s3://bucket/prefix`, `/srv/archive`. Holds no secret. */
  readonly address: string;

  /** True where asking for a few objects by name costs less than listing the folder they are in: no request is sent. */
  readonly answersCheaply?: boolean;

  /** Where objects are encrypted: tells the key from others (`keyMark` of `base/cipher.ts`). */
  readonly keyMark?: string | undefined;

  /**
   * The objects whose keys begin with `prefix`, in key order, at any depth. Nothing there: an empty sequence.
   *
   * @param options.after only keys that sort after this one.
   */
  list(prefix: string, options?: CallOptions & { readonly after?: string }): AsyncIterable<ObjectInfo>;

  /** The names directly below the folder `prefix` (which ends with `/` or is empty): objects, and sub-folders by name with `/`. */
  listFolder(prefix: string, options?: CallOptions): Promise<{ objects: ObjectInfo[]; folders: string[] }>;

  /** Size and time of one object; `undefined` if it is proven absent. */
  stat(key: string, options?: CallOptions): Promise<ObjectInfo | undefined>;

  /** A whole object (or a range of it) in memory; `undefined` if it is proven absent. */
  get(key: string, options?: ReadOptions): Promise<Buffer | undefined>;

  /**
   * An object's bytes as they come; `undefined` if it is proven absent. A connection that breaks midway is resumed with
   * a ranged read of the *same* object version, or the iteration throws.
   */
  open(key: string, options?: ReadOptions): Promise<AsyncIterable<Buffer> | undefined>;

  /** Writes an object. A body in pieces is never held whole in memory (multipart). */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<PutOutcome>;

  /**
   * Makes an object that is there as durable as {@link put} leaves one: who wrote it may have been killed before it was.
   * Absent where everything that can be read is durable.
   */
  sync?(key: string, options?: CallOptions): Promise<void>;

  /**
   * The address of the store that an object is read from, if that is another than the one that is written: what is put
   * under its key is not found then. Absent where there is one store.
   */
  readElsewhere?(key: string, options?: CallOptions): Promise<string | undefined>;

  /** Deletes objects; absent ones are no error. */
  delete(keys: readonly string[], options?: CallOptions): Promise<void>;

  /** What becomes of objects that are deleted. Absent where they are gone. */
  afterDeletion?(options?: CallOptions): Promise<AfterDeletion>;

  /** Frees connections. Every use afterwards is a `Failure`. */
  close(): Promise<void>;
}
