/**
 * Tokens of the login of the program `az`.
 *
 * Source: Azure CLI, `az account get-access-token`: `expires_on` in seconds since 2.54, before it only `expiresOn`, a time
 * of this machine's own zone.
 *
 * @module
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { STORAGE_RESOURCE, type Token } from './token-answer.ts';
import { noToken } from './token-failure.ts';

const CLI_MS = 30_000;
const SHORTEST_LIFE_MS = 30 * 60_000;

/** What `az` says is wrong; it warns of other things before it says so. */
function complaintOf(error: unknown): string {
  const stderr: unknown = error instanceof Error ? Reflect.get(error, 'stderr') : undefined;
  const lines = typeof stderr === 'string' ? stderr.split('\n').filter((line) => line.trim() !== '') : [];
  const isKilled = error instanceof Error && Reflect.get(error, 'killed') === true;
  if (isKilled) return `it said nothing for ${CLI_MS / 1000} s`;
  return (lines.find((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? 'it failed').trim();
}

function endOf(expiresOnS: unknown, expiresOn: unknown): number {
  const atMs = Number(expiresOnS) * 1000;
  if (atMs > 0) return atMs;
  const localMs = typeof expiresOn === 'string' ? Date.parse(expiresOn.replace(' ', 'T').slice(0, 19)) : Number.NaN;
  return Number.isNaN(localMs) ? Date.now() + SHORTEST_LIFE_MS : localMs;
}

/** The token in what `az` prints, which is not quoted: the token may be in it. */
function parse(text: string): Token | undefined {
  try {
    const found: unknown = JSON.parse(text);
    const member = (name: string): unknown =>
      typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined;
    const token = member('accessToken');
    if (typeof token !== 'string' || token === '') return undefined;
    return { text: token, endsAtMs: endOf(member('expires_on'), member('expiresOn')) };
  } catch {
    return undefined;
  }
}

/** Asks the program `az`; `undefined` if it is not there. @throws {Failure} `denied` if nobody has logged in. */
export async function fetchCliToken(): Promise<Token | undefined> {
  const args = ['account', 'get-access-token', '--output', 'json', '--resource', STORAGE_RESOURCE];
  let text: string;
  try {
    ({ stdout: text } = await promisify(execFile)('az', args, { timeout: CLI_MS }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw noToken('cli', `the program az gives none (${complaintOf(error)})`);
  }
  const token = parse(text);
  if (token === undefined) throw noToken('cli', 'the program az gives none (what it prints is not to be understood)');
  return token;
}
