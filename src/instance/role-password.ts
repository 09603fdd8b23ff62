/**
 * What the server keeps of a password: whether it is the verifier of one, and making one, so that the password itself never
 * goes to the server nor into its log.
 *
 * Source: RFC 5802 and 7677, `src/common/scram-common.c` (`scram_build_secret`), `src/common/md5_common.c`. Passwords with
 * other than ASCII characters are brought to one form by NFKC, the part of SASLprep (RFC 4013) that changes letters.
 *
 * @module
 */

import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto';

/** The server's own default, `SCRAM_SHA_256_DEFAULT_ITERATIONS`. */
const ITERATIONS = 4096;
const KEY_BYTES = 32;
const SALT_BYTES = 16;

interface ScramKeys {
  readonly stored: Buffer;
  readonly server: Buffer;
}

function scramKeys(password: string, salt: Buffer, iterations: number): ScramKeys {
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, KEY_BYTES, 'sha256');
  const client = createHmac('sha256', salted).update('Client Key').digest();
  return {
    stored: createHash('sha256').update(client).digest(),
    server: createHmac('sha256', salted).update('Server Key').digest(),
  };
}

function md5Verifier(user: string, password: string): string {
  return `md5${createHash('md5')
    .update(password + user)
    .digest('hex')}`;
}

/** A new SCRAM verifier, as `pg_authid.rolpassword` holds it. */
export function scramVerifier(password: string): string {
  const salt = randomBytes(SALT_BYTES);
  const { stored, server } = scramKeys(password, salt, ITERATIONS);
  return `SCRAM-SHA-256$${ITERATIONS}:${salt.toString('base64')}$${stored.toString('base64')}:${server.toString('base64')}`;
}

/** A verifier of the same kind as the one there is: clients may be able to use that one alone. */
export function newVerifierLike(old: string | undefined, user: string, password: string): string {
  return old?.startsWith('md5') === true ? md5Verifier(user, password) : scramVerifier(password);
}

/** True if `verifier`, of `pg_authid.rolpassword`, is one of this password. */
export function isVerifierOf(verifier: string, user: string, password: string): boolean {
  if (verifier.startsWith('md5')) return verifier === md5Verifier(user, password);
  const [, iterations = '', salt = '', stored = ''] =
    /^SCRAM-SHA-256\$(\d+):([\w+/=]+)\$([\w+/=]+):[\w+/=]+$/.exec(verifier) ?? [];
  const expected = Buffer.from(stored, 'base64');
  if (expected.length !== KEY_BYTES) return false;
  return timingSafeEqual(expected, scramKeys(password, Buffer.from(salt, 'base64'), Number(iterations)).stored);
}
