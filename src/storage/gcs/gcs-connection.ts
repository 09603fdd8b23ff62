/**
 * One call to Google Cloud Storage: attempts under one deadline, each with a token, and answers that are errors told
 * apart from those that are not.
 *
 * @module
 */

import { createHash } from 'node:crypto';

import { Failure } from '../../base/failure.ts';
import { runAttempts, type Attempt, type CallRules } from '../attempts.ts';
import type { StoreDeadlines } from '../deadlines.ts';
import { makeHttpAgents, type HttpAgents } from '../http-agents.ts';
import { retryAfterMs } from '../network-error.ts';
import { sendRequest, type HttpAnswer, type HttpRequest } from '../send-request.ts';
import { GcsError, isRetryable, readGcsError } from './gcs-error.ts';
import { gcsFailure, nameOf, type GcsAction } from './gcs-failure.ts';
import { GCS_ENDPOINT, type GcsLocation } from './gcs-location.ts';
import { TokenSource } from './token-source.ts';

/** What one attempt can do. */
export interface GcsAttempt extends Attempt {
  /** Sends a request with a token. @throws {GcsError} for an answer whose status is not among `expected`. */
  send(request: HttpRequest, expected: readonly number[]): Promise<HttpAnswer>;
}

function endpointOf({ endpoint = GCS_ENDPOINT }: GcsLocation): string {
  const url = URL.parse(/^[a-z]+:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`);
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (url !== null && isHttp && url.username === '' && url.search === '') return url.href.replace(/\/+$/, '');
  throw new Failure('usage', {
    message: `cannot use the endpoint of Google Cloud Storage ${JSON.stringify(endpoint.replace(/\/\/[^/]*@/, '//…@'))}: it is no http or https address`,
    remedy: 'Write it as https://host or http://host:port.',
  });
}

function encryptionHeaders(key: string | undefined): Readonly<Record<string, string>> {
  if (key === undefined) return {};
  const sha256 = createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64');
  return {
    'x-goog-encryption-algorithm': 'AES256',
    'x-goog-encryption-key': key,
    'x-goog-encryption-key-sha256': sha256,
  };
}

/** The way to one bucket. */
export class GcsConnection {
  readonly location: GcsLocation;
  readonly deadlines: StoreDeadlines;
  /** Sent with every request for an object's bytes or checksums; empty without a key. */
  readonly encryption: Readonly<Record<string, string>>;
  readonly #endpoint: string;
  readonly #agents: HttpAgents;
  readonly #tokens: TokenSource;

  private constructor(location: GcsLocation, deadlines: StoreDeadlines, agents: HttpAgents) {
    this.location = location;
    this.deadlines = deadlines;
    this.encryption = encryptionHeaders(location.encryptionKey);
    this.#endpoint = endpointOf(location);
    this.#agents = agents;
    this.#tokens = new TokenSource(location.credentials);
  }

  static async open(location: GcsLocation, deadlines: StoreDeadlines): Promise<GcsConnection> {
    return new GcsConnection(location, deadlines, await makeHttpAgents(location));
  }

  close(): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** The address of the bucket's objects, or of one. */
  objectUrl(key: string | undefined, query: Record<string, string>): string {
    return this.#url('/storage/v1', key === undefined ? '' : `/${encodeURIComponent(key)}`, query);
  }

  /** The address of the bucket itself. */
  bucketUrl(query: Record<string, string>): string {
    const bucket = encodeURIComponent(this.location.bucket);
    return `${this.#endpoint}/storage/v1/b/${bucket}?${new URLSearchParams(query).toString()}`;
  }

  /** The address that objects are sent to. */
  uploadUrl(query: Record<string, string>): string {
    return this.#url('/upload/storage/v1', '', query);
  }

  #url(path: string, object: string, query: Record<string, string>): string {
    const bucket = encodeURIComponent(this.location.bucket);
    return `${this.#endpoint}${path}/b/${bucket}/o${object}?${new URLSearchParams(query).toString()}`;
  }

  /** Runs attempts. @throws {Failure} what the last one met; the caller's own reason if the caller gave up. */
  async run<T>(
    action: GcsAction,
    signal: AbortSignal | undefined,
    attempt: (attempt: GcsAttempt) => Promise<T>,
  ): Promise<T> {
    const rules: CallRules = {
      deadlines: this.deadlines,
      action: nameOf(action),
      isRetryable,
      retryAfterMs: (thrown) =>
        thrown instanceof GcsError ? retryAfterMs(thrown.headers['retry-after'], new Date()) : undefined,
      failureOf: (thrown, facts) => gcsFailure(action, thrown, facts),
    };
    return runAttempts(rules, signal, async (given) =>
      attempt({ ...given, send: async (request, expected) => this.#sendAs(request, expected, given.signal) }),
    );
  }

  async #sendAs(request: HttpRequest, expected: readonly number[], signal: AbortSignal): Promise<HttpAnswer> {
    const way = { agents: this.#agents, idleMs: this.deadlines.attemptIdleMs, signal };
    for (let isFirst = true; ; isFirst = false) {
      const token = await this.#tokens.header(async (asked) => sendRequest(asked, way));
      const answer = await sendRequest({ ...request, headers: { ...request.headers, ...token } }, way);
      if (expected.includes(answer.status)) return answer;
      const error = await readGcsError(answer);
      if (error.status !== 401 || !isFirst || !this.#tokens.drop(token)) throw error;
    }
  }
}
