/**
 * The token that every request carries: kept until shortly before it ends, asked for once however many requests wait.
 *
 * A token that the store refuses all the same is dropped, and the file of credentials is read again: a key may have been
 * replaced.
 *
 * @module
 */

import { homedir } from 'node:os';
import { join } from 'node:path';

import { Failure } from '../../base/failure.ts';
import { systemCodeOf } from '../network-error.ts';
import { parseCredentials, readCredentials } from './credentials-file.ts';
import { fetchMachineToken, fetchToken, READ_AND_WRITE, type Send, type Token } from './fetch-token.ts';
import { METADATA_HOST, type GcsCredentials } from './gcs-location.ts';

/** A token is renewed this long before it ends, so that a long upload does not begin with one that is about to. */
const RENEWED_BEFORE_MS = 4 * 60_000;

/** Where `gcloud auth application-default login` puts a person's login. */
const LOGIN_FILE = join(homedir(), '.config', 'gcloud', 'application_default_credentials.json');

function nothingFound(cause: unknown): Failure {
  return new Failure('denied', {
    message:
      'cannot get a token for Google Cloud Storage: no file of credentials is set, nobody has logged in, and there is no metadata server',
    remedy:
      'Name a file of credentials (gcs-credentials-file, GOOGLE_APPLICATION_CREDENTIALS), or run where Google gives the machine or pod an identity.',
    cause,
  });
}

async function askMachine(host: string, send: Send): Promise<Token> {
  try {
    return await fetchMachineToken(host, send);
  } catch (error) {
    const isNowhere = ['ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN'].includes(systemCodeOf(error) ?? '');
    throw isNowhere ? nothingFound(error) : error;
  }
}

async function ask(credentials: GcsCredentials, scope: string, send: Send): Promise<Token | undefined> {
  if (credentials.kind === 'anonymous') return undefined;
  if (credentials.kind === 'text') return fetchToken(parseCredentials(credentials.text, 'memory'), send, scope);
  if (credentials.kind === 'file') {
    const found = await readCredentials(credentials.path);
    if (found !== undefined) return fetchToken(found, send, scope);
    throw new Failure('usage', {
      message: `cannot read the credentials in ${credentials.path}: there is no such file`,
      remedy: 'Correct gcs-credentials-file (GOOGLE_APPLICATION_CREDENTIALS).',
    });
  }
  const login = await readCredentials(LOGIN_FILE);
  return login === undefined
    ? askMachine(credentials.metadataHost ?? METADATA_HOST, send)
    : fetchToken(login, send, scope);
}

/** The tokens of one location. */
export class TokenSource {
  readonly #credentials: GcsCredentials;
  readonly #scope: string;
  #token: Token | undefined;
  #asking: Promise<Token | undefined> | undefined;

  /** @param scope what the tokens are for. */
  constructor(credentials: GcsCredentials, scope = READ_AND_WRITE) {
    this.#credentials = credentials;
    this.#scope = scope;
  }

  /** The header with the token; nothing for anonymous access. */
  async header(send: Send): Promise<Record<string, string>> {
    if (this.#token === undefined || this.#token.endsAtMs - Date.now() < RENEWED_BEFORE_MS) await this.#renew(send);
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token.text}` };
  }

  /** Drops the token that a header held, if it is still the one. True if another may be had. */
  drop(header: Readonly<Record<string, string>>): boolean {
    if (header['authorization'] === `Bearer ${this.#token?.text}`) this.#token = undefined;
    return this.#credentials.kind !== 'anonymous';
  }

  async #renew(send: Send): Promise<void> {
    this.#asking ??= ask(this.#credentials, this.#scope, send).finally(() => (this.#asking = undefined));
    this.#token = await this.#asking;
  }
}
