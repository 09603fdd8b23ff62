/**
 * The token that requests carry: kept until shortly before it ends, asked for once however many requests wait.
 *
 * Of several kinds of credentials the first that is there is used, and stays the one: a machine without a metadata server
 * has no identity, a host without `az` no login. One that is there and is refused is an error, and the next is not tried;
 * nor is it when the one that was used is away for a while: it would write as somebody else.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { AzureCredentials } from './azure-location.ts';
import { fetchCliToken } from './cli-token.ts';
import { fetchApplicationToken } from './entra-token.ts';
import { fetchMachineToken } from './machine-token.ts';
import type { Send, Token } from './token-answer.ts';
import { TokenGiverAway } from './token-failure.ts';

/** A token is renewed this long before it ends, so that a long upload does not begin with one that is about to. */
const RENEWED_BEFORE_MS = 5 * 60_000;
/** How long a token that is still good is used when there is no new one. */
const ASKED_AGAIN_AFTER_MS = 30_000;
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

/** True if an error says that this is no machine of Azure's, or one that has no identity. */
function isNoIdentity(credentials: TokenCredentials, error: unknown): boolean {
  if (credentials.kind !== 'managed') return false;
  // Somebody says that there is one: it may be away, but it is not missing.
  if (credentials.endpoint !== undefined || credentials.metadataHost !== undefined) return false;
  return error instanceof TokenGiverAway && NOT_THERE.has(error.systemCode ?? '');
}

async function askOne(credentials: TokenCredentials, ways: TokenWays): Promise<Token | undefined> {
  switch (credentials.kind) {
    case 'application':
      return fetchApplicationToken(credentials, ways.send);
    case 'managed':
      return fetchMachineToken(credentials, ways.sendDirectly);
    case 'cli':
      return fetchCliToken();
  }
}

/** The tokens of one location. */
export class TokenSource {
  #credentials: readonly TokenCredentials[];
  #token: Token | undefined;
  #renewAtMs = 0;
  #asking: Promise<Token> | undefined;

  constructor(credentials: readonly TokenCredentials[]) {
    this.#credentials = credentials;
  }

  /** The text of a token that is still good. @throws {Failure} `denied`. @throws {TokenGiverAway} to be tried again. */
  async text(ways: TokenWays): Promise<string> {
    if (this.#token !== undefined && Date.now() < this.#renewAtMs) return this.#token.text;
    this.#asking ??= this.#renew(ways).finally(() => (this.#asking = undefined));
    return (await this.#asking).text;
  }

  /** Drops a token that was refused, if it is still the one. */
  drop(text: string): void {
    if (this.#token?.text === text) this.#token = undefined;
  }

  async #renew(ways: TokenWays): Promise<Token> {
    const known = this.#token;
    try {
      const token = await this.#askFirst(ways);
      const leftMs = token.endsAtMs - Date.now();
      // One that lives for minutes only is not asked for with every request.
      this.#renewAtMs = token.endsAtMs - Math.min(RENEWED_BEFORE_MS, leftMs / 2);
      this.#token = token;
      return token;
    } catch (error) {
      const isStillGood = known !== undefined && known === this.#token && Date.now() < known.endsAtMs;
      if (!isStillGood || !(error instanceof TokenGiverAway)) throw error;
      this.#renewAtMs = Math.min(known.endsAtMs, Date.now() + ASKED_AGAIN_AFTER_MS);
      return known;
    }
  }

  async #askFirst(ways: TokenWays): Promise<Token> {
    let missing: unknown;
    for (const credentials of this.#credentials) {
      try {
        const token = await askOne(credentials, ways);
        if (token === undefined) continue;
        this.#credentials = [credentials];
        return token;
      } catch (error) {
        if (this.#credentials.length === 1 || !isNoIdentity(credentials, error)) throw error;
        missing = error;
      }
    }
    throw nothingFound(missing);
  }
}
