/**
 * The contract of a cipher: how objects of an archive are encrypted before they are stored, and decrypted when they are
 * read. It is WAL-G's: data is compressed, then encrypted, and neither the name nor anything beside the object says so.
 *
 * What every cipher promises: an object is read whole or it fails. Bytes that were changed, cut off or added are never
 * taken for data, and what a stream gave before it failed is not to be trusted until its end was reached.
 *
 * @module
 */

/** How a stream is decrypted. */
export interface DecryptOptions {
  /** Only so many of the object's first stored bytes were asked for, as {@link Cipher.storedBytesFor} says. */
  readonly beginningBytes?: number;
}

/** Encrypts and decrypts with one key, or one ring of keys. */
export interface Cipher {
  /** For messages: `libsodium`, `OpenPGP`. */
  readonly name: string;
  /** The setting the key came from, for messages: `WALG_LIBSODIUM_KEY`. Never the key. */
  readonly keySource: string;
  /** Tells this key from others without telling anything of it: kept in the archive, so that nobody writes with two. */
  readonly keyMark: string;

  /** The stored form of an object. */
  encrypt(plain: Uint8Array): Promise<Buffer>;
  /** {@link encrypt}, as a stream. Holds little of it at a time. */
  encryptStream(plain: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer>;

  /** What an object holds. @throws {Failure} `corrupt`, `denied`, `refused`. @throws {NotOpened} */
  decrypt(stored: Uint8Array, object: string): Promise<Buffer>;
  /** {@link decrypt}, as a stream. Each piece is in memory of its own. */
  decryptStream(stored: AsyncIterable<Uint8Array>, object: string, options?: DecryptOptions): AsyncGenerator<Buffer>;

  /**
   * So many stored bytes, from the beginning, hold the first `plainBytes` bytes of an object's data and what proves them;
   * `Infinity` where only the whole object does.
   */
  storedBytesFor(plainBytes: number): number;
  /** So many of an object's first bytes are enough for {@link opens}; an object may have fewer. */
  readonly startBytes: number;
  /** True if an object that begins with `start` is opened by the key. */
  opens(start: Uint8Array): Promise<boolean>;
}

/**
 * The key does not open the object: it is another key's, or its beginning is damaged. Which of them, other objects of the
 * archive tell.
 */
export class NotOpened extends Error {
  override readonly name = 'NotOpened';
  readonly object: string;

  constructor(object: string) {
    super(`the key does not open ${object}`);
    this.object = object;
  }
}
