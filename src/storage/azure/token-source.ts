/**
 * The token that requests carry: kept until shortly before it ends, asked for once however many requests wait.
 *
 * Of several kinds of credentials the first that is there is used: a machine without a metadata server has no identity, a
 * host without `az` no login. One that is there and is refused is an error, and the next is not tried: it would write as
 * somebody else.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { systemCodeOf } from '../network-error.ts';
import type { AzureCredentials } from './azure-location.ts';
import { fetchApplicationToken, isAnswer, type Send, type Token } from './entra-token.ts';
import { fetchCliToken, fetchMachineToken } from './machine-token.ts';

/** A token is renewed this long before it ends, so that a long upload does not begin with one that is about to. */
const RENEWED_BEFORE_MS = 5 * 60_000;
/** Where there is no metadata server, nothing answers at its address. */
const NOT_THERE = new Set(['ETIMEDOUT', 'ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN']);

/** The kinds of credentials that are tokens. */
export type TokenCredentials = Exclude<AzureCredentials, { readonly kind: 'key' | 'sas' }>;

/** How tokens are asked for: from Entra through the proxy, from this machine never. */
export interface TokenWays {
  readonly send: Send;
  readonly sendDirectly: Send;
}

function nothingFound(cause: unknown): Failure {
  return new Failure('denied', {
    message:
      'cannot get a token for Azure: no key, SAS token or application is set, this machine has no identity of Azure, and the program az is not here',
    remedy:
      'Set AZURE_STORAGE_ACCESS_KEY, AZURE_STORAGE_SAS_TOKEN, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or run where Azure gives the machine or pod an identity.',
    cause,
  });
}

async function askMachine(
  credentials: Extract<TokenCredentials, { kind: 'managed' }>,
  ways: TokenWays,
): Promise<Token | { readonly missing: unknown }> {
  try {
    return await fetchMachineToken(credentials, ways.sendDirectly);
  } catch (error) {
    const isThere = credentials.endpoint !== undefined || isAnswer(error) || error instanceof Failure;
    if (isThere || !NOT_THERE.has(systemCodeOf(error) ?? '')) throw error;
    return { missing: error };
  }
}

async function askFirst(all: readonly TokenCredentials[], ways: TokenWays): Promise<Token> {
  let missing: unknown;
  for (const credentials of all) {
    if (credentials.kind === 'application') return fetchApplicationToken(credentials, ways.send);
    const found = credentials.kind === 'cli' ? await fetchCliToken() : await askMachine(credentials, ways);
    if (found !== undefined && 'text' in found) return found;
    missing ??= found?.missing;
  }
  throw nothingFound(missing);
}

/** The tokens of one location. */
export class TokenSource {
  readonly #credentials: readonly TokenCredentials[];
  #token: Token | undefined;
  #asking: Promise<Token> | undefined;

  constructor(credentials: readonly TokenCredentials[]) {
    this.#credentials = credentials;
  }

  /** The text of a token that is good for some minutes at least. */
  async text(ways: TokenWays): Promise<string> {
    const known = this.#token;
    if (known !== undefined && known.endsAtMs - Date.now() >= RENEWED_BEFORE_MS) return known.text;
    this.#asking ??= askFirst(this.#credentials, ways).finally(() => (this.#asking = undefined));
    this.#token = await this.#asking;
    return this.#token.text;
  }

  /** Drops a token that was refused, if it is still the one. */
  drop(text: string): void {
    if (this.#token?.text === text) this.#token = undefined;
  }
}
