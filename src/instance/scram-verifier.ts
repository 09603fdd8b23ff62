/**
 * What a server keeps of a password: made here, so that the password itself is in no statement, log or statistics view.
 *
 * Source: RFC 5802; PostgreSQL `src/common/scram-common.c` (`scram_build_secret`).
 *
 * @module
 */

import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

const ITERATIONS = 4096;
const SALT_BYTES = 16;
const KEY_BYTES = 32;

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/**
 * `SCRAM-SHA-256$4096:<salt>$<stored key>:<server key>`; `undefined` for a password that RFC 4013 might write otherwise, which
 * only the server can do.
 */
export function scramVerifier(password: string, salt = randomBytes(SALT_BYTES)): string | undefined {
  if (!/^[\x20-\x7E]+$/.test(password)) return undefined;
  const salted = pbkdf2Sync(password, salt, ITERATIONS, KEY_BYTES, 'sha256');
  const storedKey = createHash('sha256').update(hmac(salted, 'Client Key')).digest();
  const serverKey = hmac(salted, 'Server Key');
  const base64 = (bytes: Buffer) => bytes.toString('base64');
  return `SCRAM-SHA-256$${ITERATIONS}:${base64(salt)}$${base64(storedKey)}:${base64(serverKey)}`;
}
