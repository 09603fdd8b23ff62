/**
 * One call to Azure Blob Storage: attempts under one deadline, each signed anew, and answers that are errors told apart
 * from those that are not.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { runAttempts, type Attempt, type CallRules } from '../attempts.ts';
import type { StoreDeadlines } from '../deadlines.ts';
import { makeHttpAgents, type HttpAgents } from '../http-agents.ts';
import { retryAfterMs } from '../network-error.ts';
import { sendRequest, type HttpAnswer, type HttpRequest } from '../send-request.ts';
import { AzureError, isRetryable, readAzureError } from './azure-error.ts';
import { azureFailure, nameOf, type AzureAction } from './azure-failure.ts';
import { API_VERSION, type AzureCredentials, type AzureLocation } from './azure-location.ts';
import { keyBytes, sharedKeyHeader } from './shared-key.ts';
import { TokenGiverAway } from './token-failure.ts';
import { TokenSource, type TokenCredentials } from './token-source.ts';

/** What one attempt can do. */
export interface AzureAttempt extends Attempt {
  /** Sends a request, signed. @throws {AzureError} for an answer whose status is not among `expected`. */
  send(request: HttpRequest, expected: readonly number[]): Promise<HttpAnswer>;
}

/** How requests are signed. */
type Signer =
  | { readonly kind: 'key'; readonly key: Buffer }
  | { readonly kind: 'sas'; readonly query: string }
  | { readonly kind: 'token'; readonly tokens: TokenSource };

function isToken(credentials: AzureCredentials): credentials is TokenCredentials {
  return credentials.kind !== 'key' && credentials.kind !== 'sas';
}

function signerFrom(credentials: readonly AzureCredentials[]): Signer {
  const [first] = credentials;
  if (first?.kind === 'key') return { kind: 'key', key: keyBytes(first.key) };
  if (first?.kind === 'sas') return { kind: 'sas', query: first.token.trim().replace(/^\?/, '') };
  return { kind: 'token', tokens: new TokenSource(credentials.filter(isToken)) };
}

function checkedEndpoint(endpoint: string): string {
  const url = URL.parse(endpoint);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url !== null && isHttp && url.username === '' && url.search === '') return url.href.replace(/\/+$/, '');
  throw new Failure('usage', {
    message: `cannot use the endpoint of Azure ${JSON.stringify(endpoint.replace(/\/\/[^/]*@/, '//…@').replace(/\?.*/, '?…'))}: it is no http or https address`,
    remedy: 'Write it as https://account.blob.core.windows.net or http://host:port/account.',
  });
}

/** The `Retry-After` of an answer that is an error. */
function askedToWait(thrown: unknown): string | undefined {
  if (thrown instanceof TokenGiverAway) return thrown.retryAfter;
  return thrown instanceof AzureError ? thrown.headers['retry-after'] : undefined;
}

/** A metadata server that is not there does not answer at all, and need not be waited for long. */
const LONGEST_MACHINE_MS = 3_000;

/** The way to one container. */
export class AzureConnection {
  readonly location: AzureLocation;
  readonly deadlines: StoreDeadlines;
  readonly #endpoint: string;
  readonly #agents: HttpAgents;
  readonly #directAgents: HttpAgents;
  readonly #signer: Signer;

  private constructor(location: AzureLocation, deadlines: StoreDeadlines, agents: HttpAgents, direct: HttpAgents) {
    this.location = location;
    this.deadlines = deadlines;
    this.#endpoint = checkedEndpoint(location.endpoint);
    this.#agents = agents;
    this.#directAgents = direct;
    this.#signer = signerFrom(location.credentials);
  }

  static async open(location: AzureLocation, deadlines: StoreDeadlines): Promise<AzureConnection> {
    return new AzureConnection(location, deadlines, await makeHttpAgents(location), await makeHttpAgents({}));
  }

  close(): void {
    for (const agents of [this.#agents, this.#directAgents]) {
      agents.http.destroy();
      agents.https.destroy();
    }
  }

  /** The address of the container, or of a blob in it. */
  url(key: string | undefined, query: Record<string, string> = {}): string {
    const path = key === undefined ? '' : `/${key.split('/').map(encodeURIComponent).join('/')}`;
    const search = new URLSearchParams(query).toString();
    return `${this.#endpoint}/${encodeURIComponent(this.location.container)}${path}${search === '' ? '' : `?${search}`}`;
  }

  /** The address of the account's Blob service. */
  serviceUrl(query: Record<string, string>): string {
    return `${this.#endpoint}/?${new URLSearchParams(query).toString()}`;
  }

  /** Runs attempts. @throws {Failure} what the last one met; the caller's own reason if the caller gave up. */
  async run<T>(
    action: AzureAction,
    signal: AbortSignal | undefined,
    attempt: (attempt: AzureAttempt) => Promise<T>,
  ): Promise<T> {
    const rules: CallRules = {
      deadlines: this.deadlines,
      action: nameOf(action),
      isRetryable: (thrown) => thrown instanceof TokenGiverAway || isRetryable(thrown),
      retryAfterMs: (thrown) => retryAfterMs(askedToWait(thrown), new Date()),
      failureOf: (thrown, facts) => azureFailure(action, thrown, facts),
    };
    return runAttempts(rules, signal, async (given) =>
      attempt({ ...given, send: async (request, expected) => this.#send(request, expected, given.signal) }),
    );
  }

  async #send(request: HttpRequest, expected: readonly number[], signal: AbortSignal): Promise<HttpAnswer> {
    const idleMs = this.deadlines.attemptIdleMs;
    const way = { agents: this.#agents, idleMs, signal };
    for (let isFirst = true; ; isFirst = false) {
      const { signed, token } = await this.#signed(request, signal);
      const answer = await sendRequest(signed, way);
      if (expected.includes(answer.status)) return answer;
      const error = await readAzureError(answer);
      if (error.status !== 401 || !isFirst || token === undefined) throw error;
      if (this.#signer.kind === 'token') this.#signer.tokens.drop(token);
    }
  }

  async #signed(request: HttpRequest, signal: AbortSignal): Promise<{ signed: HttpRequest; token?: string }> {
    const version = this.location.apiVersion ?? API_VERSION;
    const headers = { ...request.headers, 'x-ms-version': version, 'x-ms-date': new Date().toUTCString() };
    const dated = { ...request, headers };
    const signer = this.#signer;
    switch (signer.kind) {
      case 'sas':
        return { signed: { ...dated, url: `${request.url}${request.url.includes('?') ? '&' : '?'}${signer.query}` } };
      case 'key': {
        const authorization = sharedKeyHeader(this.location.account, signer.key, dated);
        return { signed: { ...dated, headers: { ...headers, authorization } } };
      }
      case 'token': {
        const token = await this.#token(signer.tokens, signal);
        return { signed: { ...dated, headers: { ...headers, authorization: `Bearer ${token}` } }, token };
      }
    }
  }

  async #token(tokens: TokenSource, signal: AbortSignal): Promise<string> {
    const idleMs = this.deadlines.attemptIdleMs;
    return tokens.text({
      send: async (asked) => sendRequest(asked, { agents: this.#agents, idleMs, signal }),
      sendDirectly: async (asked) =>
        sendRequest(asked, { agents: this.#directAgents, idleMs: Math.min(idleMs, LONGEST_MACHINE_MS), signal }),
    });
  }
}
