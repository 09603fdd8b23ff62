/**
 * The token by which the agent's control endpoint knows its callers: read from a file that nobody else can read, compared
 * in constant time, never shown.
 *
 * Whoever has it can do what the server's own user can do (a check is SQL that runs as a superuser), so it must be random
 * enough that it cannot be guessed: 32 bytes, as 64 hex digits or 43 letters of Base64.
 *
 * @module
 */

import { createHash, timingSafeEqual } from 'node:crypto';
import { open } from 'node:fs/promises';

import { Failure, messageOf } from '../../base/failure.ts';

const SHORTEST = 43;
const LONGEST = 512;
/** Random hex of that length holds fewer than this only once in 10^20; a typed password mostly does. */
const FEWEST_LETTERS = 8;
const MAKE_ONE = 'Make one, on each side the same:\n    (umask 077; openssl rand -hex 32 > FILE)';

function refused(path: string, found: string, remedy: string, cause?: unknown): Failure {
  return new Failure('denied', { message: `cannot use the token in ${path}: ${found}`, remedy, cause });
}

/** What is wrong with a token as such; `undefined` if nothing is. */
export function tokenProblem(token: string): string | undefined {
  if (!/^[A-Za-z0-9+/=_-]*$/.test(token)) return 'it holds more than letters of hex or Base64';
  if (token.length < SHORTEST) return `it is shorter than 32 random bytes (${token.length} letters)`;
  if (token.length > LONGEST) return `it is longer than ${LONGEST} letters`;
  return new Set(token).size < FEWEST_LETTERS ? 'it is not random' : undefined;
}

/**
 * Reads a token.
 *
 * @throws {Failure} `denied` if it cannot be read, others can read it, or it could be guessed.
 */
export async function readToken(path: string): Promise<string> {
  const file = await open(path, 'r').catch((error: unknown) => {
    throw refused(path, messageOf(error), MAKE_ONE, error);
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & 0o077) !== 0) throw refused(path, 'others can read or change it', `chmod 600 ${path}`);
    const token = size > 4096 ? '' : (await file.readFile('utf8')).trim();
    const problem = tokenProblem(token);
    if (problem !== undefined) throw refused(path, problem, MAKE_ONE);
    return token;
  } finally {
    await file.close();
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/** Whether two tokens are the same; takes equally long whatever they hold. */
export function isSameToken(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}
