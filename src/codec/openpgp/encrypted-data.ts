/**
 * The encrypted data packet with modification detection, version 1, which is what WAL-G writes: AES in CFB mode over a
 * random block, its last two bytes again, the packets inside, and the SHA-1 of it all.
 *
 * Decrypted data is handed out as it comes; only the end of the packet proves that it is what was encrypted.
 *
 * Source: RFC 9580, sections 5.13.1 and 12.9; ProtonMail/go-crypto `openpgp/packet/symmetrically_encrypted_mdc.go`.
 *
 * @module
 */

import { createCipheriv, createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';

import { corrupt } from '../corrupt.ts';

/** A key for the data of one object. */
export interface SessionKey {
  readonly cipher: 'aes128' | 'aes192' | 'aes256';
  readonly key: Uint8Array;
}

const VERSION = 1;
const BLOCK_BYTES = 16;
/** The random block and two of its bytes again. */
const PREFIX_BYTES = BLOCK_BYTES + 2;
/** The packet of the hash: two bytes and SHA-1's twenty. It is the last thing inside. */
const DETECTION_START = Buffer.from([0xd3, 20]);
const DETECTION_BYTES = 22;
const NO_VECTOR = Buffer.alloc(BLOCK_BYTES);
const NOTHING: Buffer = Buffer.alloc(0);

const MODES = { aes128: 'aes-128-cfb', aes192: 'aes-192-cfb', aes256: 'aes-256-cfb' } as const;

/** The body of the packet. @param plain the packets inside. */
export async function* encryptedBody(
  { cipher, key }: SessionKey,
  plain: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer> {
  const encryptor = createCipheriv(MODES[cipher], key, NO_VECTOR);
  const hash = createHash('sha1');
  const block = randomBytes(BLOCK_BYTES);
  const prefix = Buffer.concat([block, block.subarray(-2)]);
  hash.update(prefix);
  yield Buffer.concat([Buffer.from([VERSION]), encryptor.update(prefix)]);
  for await (const piece of plain) {
    hash.update(piece);
    yield encryptor.update(piece);
  }
  hash.update(DETECTION_START);
  yield encryptor.update(Buffer.concat([DETECTION_START, hash.digest()]));
}

/** Decrypts a packet's body as it comes. */
class BodyDecryptor {
  readonly #decryptor;
  readonly #hash = createHash('sha1');
  readonly #object: string;
  #prefix: Buffer = NOTHING;
  #hasPrefix = false;
  /** The last bytes so far, which may be the hash. */
  #held: Buffer = NOTHING;

  constructor({ cipher, key }: SessionKey, object: string) {
    this.#decryptor = createDecipheriv(MODES[cipher], key, NO_VECTOR);
    this.#object = object;
  }

  /** What is known of the packets inside after some more bytes. */
  update(stored: Buffer): Buffer {
    const decrypted = this.#decryptor.update(stored);
    const plain = this.#hasPrefix ? decrypted : this.#takePrefix(decrypted);
    const known = Buffer.concat([this.#held, plain]);
    const knownBytes = Math.max(0, known.length - DETECTION_BYTES);
    this.#held = Buffer.from(known.subarray(knownBytes));
    const content = known.subarray(0, knownBytes);
    this.#hash.update(content);
    return content;
  }

  #takePrefix(decrypted: Buffer): Buffer {
    this.#prefix = Buffer.concat([this.#prefix, decrypted]);
    if (this.#prefix.length < PREFIX_BYTES) return NOTHING;
    const prefix = this.#prefix.subarray(0, PREFIX_BYTES);
    if (!prefix.subarray(-4, -2).equals(prefix.subarray(-2))) {
      throw corrupt(this.#object, 'its encrypted data is damaged at its beginning');
    }
    this.#hasPrefix = true;
    this.#hash.update(prefix);
    return this.#prefix.subarray(PREFIX_BYTES);
  }

  /** @throws {Failure} `corrupt` if the data is not what was encrypted. */
  end(): void {
    this.#hash.update(this.#held.subarray(0, 2));
    const isStart = this.#held.subarray(0, 2).equals(DETECTION_START);
    const stored = this.#held.subarray(2);
    if (isStart && stored.length === 20 && timingSafeEqual(this.#hash.digest(), stored)) return;
    throw corrupt(this.#object, 'its encrypted data is damaged or cut');
  }
}

/** The packets inside, as they are decrypted. @param stored the body of the packet. @throws {Failure} `corrupt` */
export async function* decryptedBody(
  sessionKey: SessionKey,
  stored: AsyncIterable<Buffer>,
  object: string,
): AsyncGenerator<Buffer> {
  const decryptor = new BodyDecryptor(sessionKey, object);
  let isFirst = true;
  for await (const piece of stored) {
    if (isFirst && piece[0] !== VERSION) {
      throw corrupt(object, `its encrypted data is of version ${piece[0]}, which WAL-G does not write`);
    }
    const content = decryptor.update(isFirst ? piece.subarray(1) : piece);
    isFirst = false;
    if (content.length > 0) yield content;
  }
  decryptor.end();
}
