/**
 * Objects encrypted with libsodium, as WAL-G reads and writes them.
 *
 * @module
 */

import { createHmac } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Cipher, DecryptOptions } from '../../base/cipher.ts';
import { ByteSource } from '../byte-source.ts';
import { ObjectChunks } from './object-chunks.ts';
import {
  CHUNK_BYTES,
  CHUNK_EXTRA_BYTES,
  ChunkDecryptor,
  ChunkEncryptor,
  HEADER_BYTES,
  loadSodium,
  STORED_CHUNK_BYTES,
  type Sodium,
} from './secretstream.ts';

/** Chunks done at a time, and the pieces of a stream: 248 kB. */
const CHUNKS_PER_PIECE = 31;
const PIECE_BYTES = CHUNKS_PER_PIECE * CHUNK_BYTES;
const STORED_PIECE_BYTES = CHUNKS_PER_PIECE * STORED_CHUNK_BYTES;
/** Whole objects give others a turn after so many pieces: some milliseconds. */
const PIECES_PER_TURN = 16;

/** What the key's mark is made of. */
const MARKED = 'walkback: which key an archive is encrypted with';

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

/** What is stored of `plainBytes` bytes and the mark of the end, header left out. */
function storedBytesOf(plainBytes: number): number {
  return plainBytes + CHUNK_EXTRA_BYTES * (Math.floor(plainBytes / CHUNK_BYTES) + 1);
}

/** Encrypts a piece to `stored`. Without the object's end in it, it is whole chunks. */
function encryptPiece(encryptor: ChunkEncryptor, plain: Buffer, stored: Buffer, hasEnd: boolean): void {
  const fullBytes = plain.length - (plain.length % CHUNK_BYTES);
  let storedAt = 0;
  for (let at = 0; at < fullBytes; at += CHUNK_BYTES) {
    const room = stored.subarray(storedAt, storedAt + STORED_CHUNK_BYTES);
    encryptor.push(plain.subarray(at, at + CHUNK_BYTES), room, false);
    storedAt += STORED_CHUNK_BYTES;
  }
  if (hasEnd) encryptor.push(plain.subarray(fullBytes), stored.subarray(storedAt), true);
}

/** What a piece of an object holds at most. */
function roomFor(storedBytes: number): number {
  const fullChunks = Math.floor(storedBytes / STORED_CHUNK_BYTES);
  return fullChunks * CHUNK_BYTES + Math.max(0, (storedBytes % STORED_CHUNK_BYTES) - CHUNK_EXTRA_BYTES);
}

class LibsodiumCipher implements Cipher {
  readonly name = 'libsodium';
  readonly startBytes = HEADER_BYTES + STORED_CHUNK_BYTES;
  readonly keySource: string;
  readonly keyMark: string;
  readonly #sodium: Sodium;
  readonly #key: Buffer;

  constructor(sodium: Sodium, key: Buffer, keySource: string) {
    this.#sodium = sodium;
    this.#key = key;
    this.keySource = keySource;
    this.keyMark = `libsodium ${createHmac('sha256', key).update(MARKED).digest('hex').slice(0, 16)}`;
  }

  async encrypt(plain: Uint8Array): Promise<Buffer> {
    const data = asBuffer(plain);
    const encryptor = new ChunkEncryptor(this.#sodium, this.#key);
    const stored = Buffer.allocUnsafeSlow(HEADER_BYTES + storedBytesOf(data.length));
    encryptor.header.copy(stored);
    let [plainAt, storedAt] = [0, HEADER_BYTES];
    for (let pieces = 1; data.length - plainAt >= PIECE_BYTES; pieces += 1) {
      encryptPiece(encryptor, data.subarray(plainAt, plainAt + PIECE_BYTES), stored.subarray(storedAt), false);
      plainAt += PIECE_BYTES;
      storedAt += STORED_PIECE_BYTES;
      if (pieces % PIECES_PER_TURN === 0) await nextTurn();
    }
    encryptPiece(encryptor, data.subarray(plainAt), stored.subarray(storedAt), true);
    return stored;
  }

  async *encryptStream(plain: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
    const input = new ByteSource(plain);
    const encryptor = new ChunkEncryptor(this.#sodium, this.#key);
    let header = encryptor.header;
    try {
      for (let hasEnd = false; !hasEnd;) {
        const data = await input.take(PIECE_BYTES);
        hasEnd = data.length < PIECE_BYTES;
        const lengthBytes = storedBytesOf(data.length) - (hasEnd ? 0 : CHUNK_EXTRA_BYTES);
        const stored = Buffer.allocUnsafeSlow(header.length + lengthBytes);
        header.copy(stored);
        encryptPiece(encryptor, data, stored.subarray(header.length), hasEnd);
        header = Buffer.alloc(0);
        yield stored;
      }
    } finally {
      await input.close();
    }
  }

  async decrypt(given: Uint8Array, object: string): Promise<Buffer> {
    const stored = asBuffer(given);
    const chunks = this.#chunksOf(stored.subarray(0, HEADER_BYTES), object);
    const plain = Buffer.allocUnsafeSlow(roomFor(stored.length - HEADER_BYTES));
    let plainAt = 0;
    for (let storedAt = HEADER_BYTES, pieces = 1; storedAt < stored.length; pieces += 1) {
      const piece = stored.subarray(storedAt, storedAt + STORED_PIECE_BYTES);
      plainAt += chunks.decrypt(piece, plain.subarray(plainAt));
      storedAt += piece.length;
      if (pieces % PIECES_PER_TURN === 0) await nextTurn();
    }
    chunks.end();
    return plain;
  }

  async *decryptStream(
    source: AsyncIterable<Uint8Array>,
    object: string,
    { beginningBytes }: DecryptOptions = {},
  ): AsyncGenerator<Buffer> {
    const input = new ByteSource(source);
    try {
      const chunks = this.#chunksOf(Buffer.from(await input.take(HEADER_BYTES)), object, beginningBytes);
      for (;;) {
        const stored = await input.take(STORED_PIECE_BYTES);
        if (stored.length === 0) break;
        const plain = Buffer.allocUnsafeSlow(roomFor(stored.length));
        const plainBytes = chunks.decrypt(stored, plain);
        if (plainBytes > 0) yield plain.subarray(0, plainBytes);
      }
      chunks.end();
    } finally {
      await input.close();
    }
  }

  async opens(start: Uint8Array): Promise<boolean> {
    const stored = asBuffer(start).subarray(0, this.startBytes);
    if (stored.length < HEADER_BYTES + CHUNK_EXTRA_BYTES) return false;
    const decryptor = new ChunkDecryptor(this.#sodium, this.#key, stored.subarray(0, HEADER_BYTES));
    const chunk = stored.subarray(HEADER_BYTES);
    return decryptor.pull(chunk, Buffer.alloc(chunk.length - CHUNK_EXTRA_BYTES)) !== undefined;
  }

  storedBytesFor(plainBytes: number): number {
    return HEADER_BYTES + Math.ceil(plainBytes / CHUNK_BYTES) * STORED_CHUNK_BYTES;
  }

  #chunksOf(header: Buffer, object: string, beginningBytes?: number): ObjectChunks {
    return new ObjectChunks(header, { sodium: this.#sodium, key: this.#key, object, beginningBytes });
  }
}

/** The cipher of a key of 32 bytes. Loads the library. @param keySource the setting, for messages. */
export async function libsodiumCipher(key: Buffer, keySource: string): Promise<Cipher> {
  return new LibsodiumCipher(await loadSodium(), key, keySource);
}
