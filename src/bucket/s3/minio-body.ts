/**
 * Bodies of MinIO's administration: encrypted with a key that is made of the caller's secret key.
 *
 * 32 bytes of salt, one byte that says how (2: PBKDF2 and AES-256-GCM), 8 bytes of nonce, and then pieces of 16 KiB, each
 * with its tag. Only bodies of one piece are made. The server takes two ways to a key; this is the one that Node has in
 * every version that walkback runs on.
 *
 * Source: madmin-go 3.0.109 `encrypt.go`; sio-go 0.3.1 (`EncryptWriter`).
 *
 * @module
 */

import { createCipheriv, pbkdf2Sync, randomBytes } from 'node:crypto';

const SALT_BYTES = 32;
const NONCE_BYTES = 8;
const PBKDF2_AES_GCM = 2;
const ROUNDS = 8192;
const PIECE_BYTES = 16 * 1024;
/** Marks the last piece, which is the only one here. */
const LAST = 0x80;

function seal(key: Buffer, nonce: Buffer, number: number, text: Buffer, associated: Buffer): Buffer {
  const counted = Buffer.alloc(NONCE_BYTES + 4);
  nonce.copy(counted);
  counted.writeUInt32LE(number, NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, counted).setAAD(associated);
  return Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** Encrypts a body for the server that knows `secretKey`. */
export function minioBody(secretKey: string, text: string): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.byteLength > PIECE_BYTES) throw new TypeError('a body for MinIO is larger than one piece');
  const [salt, nonce] = [randomBytes(SALT_BYTES), randomBytes(NONCE_BYTES)];
  const key = pbkdf2Sync(secretKey, salt, ROUNDS, 32, 'sha256');
  // The tag of nothing, made first, binds every piece to this stream.
  const bound = Buffer.concat([Buffer.from([LAST]), seal(key, nonce, 0, Buffer.alloc(0), Buffer.alloc(0))]);
  return Buffer.concat([salt, Buffer.from([PBKDF2_AES_GCM]), nonce, seal(key, nonce, 1, bytes, bound)]);
}
