/**
 * The chunks of one object that is read, whether whole or piece by piece.
 *
 * WAL-G takes an object that ends between two chunks for a whole one; here the chunk that is marked as the last must be
 * there, and nothing after it.
 *
 * A key that does not open the first chunk may be another one, or the chunk is damaged: then those after it still open,
 * because a chunk depends on nothing of those before it but their authentication.
 *
 * @module
 */

import { NotOpened } from '../../base/cipher.ts';
import { corrupt } from '../corrupt.ts';
import { refuseForeign } from '../foreign-object.ts';
import {
  CHUNK_BYTES,
  CHUNK_EXTRA_BYTES,
  ChunkDecryptor,
  HEADER_BYTES,
  STORED_CHUNK_BYTES,
  type Sodium,
} from './secretstream.ts';

/** What an object's chunks are read with. */
export interface ObjectChunksOptions {
  readonly sodium: Sodium;
  readonly key: Buffer;
  readonly object: string;
  /** Whole chunks of the object's beginning, if no more of it was asked for. */
  readonly beginningBytes: number | undefined;
}

/** The chunks of one object, in order. */
export class ObjectChunks {
  readonly #decryptor: ChunkDecryptor;
  readonly #header: Buffer;
  readonly #object: string;
  readonly #beginningBytes: number | undefined;
  #storedAt = HEADER_BYTES;
  #hasEnded = false;

  /** @param header the object's first 24 bytes. @throws {Failure} `corrupt` if they are fewer. */
  constructor(header: Buffer, { sodium, key, object, beginningBytes }: ObjectChunksOptions) {
    if (header.length === 0) throw corrupt(object, 'it is empty');
    if (header.length < HEADER_BYTES) {
      refuseForeign(header, object, 'libsodium');
      throw corrupt(object, 'it ends inside the header of its encryption', header.length);
    }
    this.#decryptor = new ChunkDecryptor(sodium, key, header);
    this.#header = header;
    this.#object = object;
    this.#beginningBytes = beginningBytes;
  }

  /**
   * Decrypts chunks to `plain`, which has room for them; only the object's last may be shorter than the others. Answers
   * with the number of bytes.
   *
   * @throws {Failure} `corrupt`, `refused`. @throws {NotOpened}
   */
  decrypt(stored: Buffer, plain: Buffer): number {
    let plainAt = 0;
    for (let at = 0; at < stored.length; at += STORED_CHUNK_BYTES) {
      const chunk = stored.subarray(at, at + STORED_CHUNK_BYTES);
      plainAt += this.#pull(chunk, plain.subarray(plainAt), stored.subarray(at));
      this.#storedAt += chunk.length;
    }
    return plainAt;
  }

  /** @throws {Failure} `corrupt` if the object ended, and its last chunk was not among those decrypted. */
  end(): void {
    if (!this.#hasEnded && this.#storedAt !== this.#beginningBytes) throw this.#cut();
  }

  #pull(chunk: Buffer, plain: Buffer, following: Buffer): number {
    if (this.#hasEnded) throw corrupt(this.#object, 'there is something after its last chunk', this.#storedAt);
    if (chunk.length < CHUNK_EXTRA_BYTES) throw corrupt(this.#object, 'it ends inside a chunk', this.#storedAt);
    const kind = this.#decryptor.pull(chunk, plain.subarray(0, chunk.length - CHUNK_EXTRA_BYTES));
    const isWhole = chunk.length === STORED_CHUNK_BYTES;
    if (kind === undefined) throw this.#unopened(following);
    if (kind === 'other' || (kind === 'last' && isWhole)) {
      throw corrupt(this.#object, 'a chunk is marked as WAL-G does not mark it', this.#storedAt);
    }
    if (kind === 'message' && !isWhole) throw this.#cut();
    this.#hasEnded = kind === 'last';
    return chunk.length - CHUNK_EXTRA_BYTES;
  }

  /** The failure of a chunk that is not as it was encrypted. @param following it, and what is at hand after it. */
  #unopened(following: Buffer): Error {
    if (this.#storedAt > HEADER_BYTES) return corrupt(this.#object, 'a chunk is damaged or cut', this.#storedAt);
    refuseForeign(Buffer.concat([this.#header, following.subarray(0, STORED_CHUNK_BYTES)]), this.#object, 'libsodium');
    const room = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; at + STORED_CHUNK_BYTES + CHUNK_EXTRA_BYTES <= following.length; at += STORED_CHUNK_BYTES) {
      this.#decryptor.skip(following.subarray(at, at + STORED_CHUNK_BYTES));
      const next = following.subarray(at + STORED_CHUNK_BYTES, at + 2 * STORED_CHUNK_BYTES);
      const isOpened = this.#decryptor.pull(next, room.subarray(0, next.length - CHUNK_EXTRA_BYTES)) !== undefined;
      if (isOpened) return corrupt(this.#object, 'its first chunk is damaged', HEADER_BYTES);
    }
    return new NotOpened(this.#object);
  }

  #cut(): Error {
    return corrupt(this.#object, 'it ends before its last chunk', this.#storedAt);
  }
}
