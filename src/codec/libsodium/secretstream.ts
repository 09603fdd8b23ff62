/**
 * libsodium's secretstream, as WAL-G cuts it: a header of 24 bytes, chunks of 8,192 bytes each with 17 more, and a last
 * chunk, shorter than the others and maybe empty, that is marked as the last.
 *
 * The library is loaded when a stream is begun: most archives are not encrypted.
 *
 * Source: WAL-G `internal/crypto/libsodium/{reader,writer}.go`; libsodium
 * `crypto_secretstream/xchacha20poly1305/secretstream_xchacha20poly1305.c` (layout of the state).
 *
 * @module
 */

import type { Secretstream as Sodium } from 'sodium-native';

import { Failure, messageOf } from '../../base/failure.ts';

/** What a stream begins with. */
export const HEADER_BYTES = 24;
/** Data in each chunk but the last. */
export const CHUNK_BYTES = 8192;
/** What is stored of a chunk beyond its data. */
export const CHUNK_EXTRA_BYTES = 17;
/** A chunk as it is stored. */
export const STORED_CHUNK_BYTES = CHUNK_BYTES + CHUNK_EXTRA_BYTES;
/** A chunk's authentication is its last bytes. */
const MAC_BYTES = 16;
/** In the state: the key (32 bytes), then the chunk's number, from 1, then what the chunks before it have changed. */
const STATE_NUMBER_AT = 32;
const STATE_MIXED_AT = 36;
const STATE_MIXED_BYTES = 8;

export type { Secretstream as Sodium } from 'sodium-native';

/** Loads the library. @throws {Failure} `failed` where there is none for this platform. */
export async function loadSodium(): Promise<Sodium> {
  try {
    return (await import('sodium-native')).default;
  } catch (error) {
    throw new Failure('failed', {
      message: `cannot load libsodium (sodium-native): ${messageOf(error)}`,
      remedy:
        'Run walkback where sodium-native has a build (glibc Linux, macOS or Windows, x64 or arm64), with its packages installed.',
      cause: error,
    });
  }
}

/** Encrypts the chunks of one object, in order. */
export class ChunkEncryptor {
  readonly header: Buffer = Buffer.alloc(HEADER_BYTES);
  readonly #sodium: Sodium;
  readonly #state: Buffer;

  constructor(sodium: Sodium, key: Buffer) {
    this.#sodium = sodium;
    this.#state = Buffer.alloc(sodium.crypto_secretstream_xchacha20poly1305_STATEBYTES);
    sodium.crypto_secretstream_xchacha20poly1305_init_push(this.#state, this.header, key);
  }

  /** Writes one chunk to `stored`, which is 17 bytes longer than `plain`. */
  push(plain: Buffer, stored: Buffer, isLast: boolean): void {
    const sodium = this.#sodium;
    const tag = isLast
      ? sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL
      : sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
    sodium.crypto_secretstream_xchacha20poly1305_push(this.#state, stored, plain, null, tag);
  }
}

/** What a chunk was: `undefined` if it is not what was encrypted with the key. */
export type ChunkKind = 'message' | 'last' | 'other' | undefined;

/** Decrypts the chunks of one object, in order. */
export class ChunkDecryptor {
  readonly #sodium: Sodium;
  readonly #state: Buffer;
  readonly #tag = Buffer.alloc(1);

  constructor(sodium: Sodium, key: Buffer, header: Buffer) {
    this.#sodium = sodium;
    this.#state = Buffer.alloc(sodium.crypto_secretstream_xchacha20poly1305_STATEBYTES);
    sodium.crypto_secretstream_xchacha20poly1305_init_pull(this.#state, header, key);
  }

  /** Decrypts one chunk to `plain`, which is 17 bytes shorter. */
  pull(stored: Buffer, plain: Buffer): ChunkKind {
    const sodium = this.#sodium;
    try {
      sodium.crypto_secretstream_xchacha20poly1305_pull(this.#state, plain, this.#tag, stored, null);
    } catch {
      return undefined;
    }
    const [tag] = this.#tag;
    if (tag === sodium.crypto_secretstream_xchacha20poly1305_TAG_MESSAGE) return 'message';
    return tag === sodium.crypto_secretstream_xchacha20poly1305_TAG_FINAL ? 'last' : 'other';
  }

  /** Goes past a chunk that cannot be decrypted, to see whether those after it can: as the library does, without its check. */
  skip(stored: Buffer): void {
    const macAt = stored.length - MAC_BYTES;
    for (let at = 0; at < STATE_MIXED_BYTES; at += 1) {
      const mixedAt = STATE_MIXED_AT + at;
      this.#state[mixedAt] = (this.#state[mixedAt] ?? 0) ^ (stored[macAt + at] ?? 0);
    }
    this.#state.writeUInt32LE(this.#state.readUInt32LE(STATE_NUMBER_AT) + 1, STATE_NUMBER_AT);
  }
}
