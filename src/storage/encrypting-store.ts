/**
 * A store around a store that encrypts what is written and decrypts what is read, for some keys; everything else goes
 * through as it is. Callers do not know of it.
 *
 * Sizes in listings are those of the stored objects.
 *
 * @module
 */

import { NotOpened, type Cipher } from '../base/cipher.ts';
import { checkRange } from './range.ts';
import type {
  ByteRange,
  CallOptions,
  ObjectBody,
  ObjectStore,
  PutOptions,
  PutOutcome,
  ReadOptions,
} from './object-store.ts';
import { StoreAround } from './store-around.ts';
import { explainUnopened } from './unopened-object.ts';

/** Which objects are encrypted, and how. */
export interface Encryption {
  readonly cipher: Cipher;
  /** True for the keys of objects that are encrypted. */
  readonly isEncrypted: (key: string) => boolean;
}

class EncryptingStore extends StoreAround {
  readonly #encryption: Encryption;

  constructor(store: ObjectStore, encryption: Encryption) {
    super(store);
    this.#encryption = encryption;
  }

  override get keyMark(): string {
    return this.#encryption.cipher.keyMark;
  }

  override async get(key: string, options: ReadOptions = {}): Promise<Buffer | undefined> {
    const { range, ...callOptions } = options;
    if (!this.#encryption.isEncrypted(key)) return this.inner.get(key, options);
    if (range === undefined) return this.#getWhole(key, callOptions);
    const pieces = await this.open(key, options);
    return pieces && Buffer.concat(await Array.fromAsync(pieces));
  }

  override async open(key: string, options: ReadOptions = {}): Promise<AsyncIterable<Buffer> | undefined> {
    if (!this.#encryption.isEncrypted(key)) return this.inner.open(key, options);
    const { range, ...callOptions } = options;
    checkRange(range);
    if (range !== undefined) return this.#openRange(key, range, callOptions);
    const stored = await this.inner.open(key, callOptions);
    return stored && this.#explaining(this.#encryption.cipher.decryptStream(stored, key), callOptions);
  }

  override async put(key: string, body: ObjectBody, options?: PutOptions): Promise<PutOutcome> {
    const { cipher, isEncrypted } = this.#encryption;
    if (!isEncrypted(key)) return this.inner.put(key, body, options);
    const stored = body instanceof Uint8Array ? await cipher.encrypt(body) : cipher.encryptStream(body);
    return this.inner.put(key, stored, options);
  }

  async #getWhole(key: string, options: CallOptions): Promise<Buffer | undefined> {
    const stored = await this.inner.get(key, options);
    if (stored === undefined) return undefined;
    try {
      return await this.#encryption.cipher.decrypt(stored, key);
    } catch (error) {
      throw await this.#explained(error, options);
    }
  }

  /** A range of what an object holds: read from its beginning on, because each part is proven by those before it. */
  async #openRange(key: string, range: ByteRange, options: CallOptions): Promise<AsyncIterable<Buffer> | undefined> {
    const { cipher } = this.#encryption;
    const beginningBytes = cipher.storedBytesFor(range.startByte + range.lengthBytes);
    if (beginningBytes === Infinity) {
      const whole = await this.#getWhole(key, options);
      return whole && cut([whole], range);
    }
    const stored = await this.inner.open(key, { ...options, range: { startByte: 0, lengthBytes: beginningBytes } });
    return stored && cut(this.#explaining(cipher.decryptStream(stored, key, { beginningBytes }), options), range);
  }

  async *#explaining(plain: AsyncIterable<Buffer>, options: CallOptions): AsyncGenerator<Buffer> {
    try {
      yield* plain;
    } catch (error) {
      throw await this.#explained(error, options);
    }
  }

  async #explained(error: unknown, options: CallOptions): Promise<unknown> {
    if (!(error instanceof NotOpened)) return error;
    return explainUnopened(error.object, { store: this.inner, ...this.#encryption, ...options });
  }
}

/** The bytes of a range, from pieces that begin with the object. */
async function* cut(
  pieces: AsyncIterable<Buffer> | Iterable<Buffer>,
  { startByte, lengthBytes }: ByteRange,
): AsyncGenerator<Buffer> {
  if (lengthBytes === 0) return;
  let at = 0;
  for await (const piece of pieces) {
    const part = piece.subarray(Math.max(0, startByte - at), Math.max(0, startByte + lengthBytes - at));
    at += piece.length;
    if (part.length > 0) yield part;
    if (at >= startByte + lengthBytes) return;
  }
}

/** `store`, with some of its objects encrypted. */
export function encryptingStore(store: ObjectStore, encryption: Encryption): ObjectStore {
  return new EncryptingStore(store, encryption);
}
