/**
 * A cipher that lets objects through which are not encrypted: an archive from before its key was set.
 *
 * An object is taken for plain if the key does not open its beginning and it begins as a plain object does. Everything
 * else is the cipher's, and its failures.
 *
 * @module
 */

import type { Cipher, DecryptOptions } from '../base/cipher.ts';
import { ByteSource } from './byte-source.ts';
import { plainFormatOf } from './foreign-object.ts';

const PIECE_BYTES = 1024 * 1024;

function asBuffer(data: Uint8Array): Buffer {
  return Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

async function* piecesOf(input: ByteSource): AsyncGenerator<Buffer> {
  for (let piece = await input.takeSome(PIECE_BYTES); piece.length > 0; piece = await input.takeSome(PIECE_BYTES)) {
    yield piece;
  }
}

/** `cipher`, and plain objects as they are. What is written is encrypted. */
export function readingUnencrypted(cipher: Cipher): Cipher {
  async function isPlain(start: Buffer): Promise<boolean> {
    return plainFormatOf(start) !== undefined && !(await cipher.opens(start));
  }

  async function decrypt(stored: Uint8Array, object: string): Promise<Buffer> {
    const bytes = asBuffer(stored);
    const start = bytes.subarray(0, cipher.startBytes);
    return (await isPlain(start)) ? bytes : cipher.decrypt(bytes, object);
  }

  async function* decryptStream(
    stored: AsyncIterable<Uint8Array>,
    object: string,
    options?: DecryptOptions,
  ): AsyncGenerator<Buffer> {
    const input = new ByteSource(stored);
    try {
      const isPlainObject = await isPlain(await input.peek(cipher.startBytes));
      const pieces = piecesOf(input);
      yield* isPlainObject ? pieces : cipher.decryptStream(pieces, object, options);
    } finally {
      await input.close();
    }
  }

  return {
    name: cipher.name,
    keySource: cipher.keySource,
    keyMark: cipher.keyMark,
    encrypt: (plain) => cipher.encrypt(plain),
    encryptStream: (plain) => cipher.encryptStream(plain),
    decrypt,
    decryptStream,
    startBytes: cipher.startBytes,
    storedBytesFor: (plainBytes) => cipher.storedBytesFor(plainBytes),
    opens: (start) => cipher.opens(start),
  };
}
