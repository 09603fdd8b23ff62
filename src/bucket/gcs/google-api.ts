/**
 * Requests to Google's APIs beside the objects' own: buckets and their policies, service accounts and their keys.
 *
 * Source: Cloud Storage JSON API, "Buckets"; IAM API v1, "projects.serviceAccounts"; Google, "API error model".
 *
 * @module
 */

import { Failure, messageOf, type FailureKind } from '../../base/failure.ts';
import { runAttempts } from '../../storage/attempts.ts';
import type { StoreDeadlines } from '../../storage/deadlines.ts';
import { ANY } from '../../storage/gcs/fetch-token.ts';
import { GcsError, isRetryable, readGcsError } from '../../storage/gcs/gcs-error.ts';
import type { GcsLocation } from '../../storage/gcs/gcs-location.ts';
import { readFields } from '../../storage/gcs/object-resource.ts';
import { TokenSource } from '../../storage/gcs/token-source.ts';
import { makeHttpAgents, type HttpAgents } from '../../storage/http-agents.ts';
import { retryAfterMs } from '../../storage/network-error.ts';
import { sendRequest, type HttpRequest } from '../../storage/send-request.ts';

/** What an answer holds. */
export type Fields = Readonly<Record<string, unknown>>;

/** One request. */
export interface GoogleCall {
  /** After "cannot": `create the bucket gs://backups`. */
  readonly verb: string;
  readonly permission: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly body?: unknown;
  /** A status that is an answer too. */
  readonly expected?: readonly number[];
  /** True for an error that goes away by itself, beside those that always may. */
  readonly isPassing?: (error: GcsError) => boolean;
}

type Verdict = readonly [kind: FailureKind, found: string, remedy: string];

const NOT_ON = /has not been used in project|it is disabled|SERVICE_DISABLED/i;

function verdictOf({ permission }: GoogleCall, error: GcsError): Verdict {
  if (error.status === 401)
    return [
      'denied',
      `the credentials are not accepted (${error.message})`,
      'Check them; a key may have been revoked.',
    ];
  if (error.status === 403 && NOT_ON.test(error.message))
    return [
      'denied',
      `an API is not switched on in the project (${error.message})`,
      'Run: gcloud services enable iam.googleapis.com storage.googleapis.com',
    ];
  if (error.status === 403)
    return ['denied', `${permission} is denied (${error.message})`, `Allow ${permission} to these credentials.`];
  if (/disableServiceAccountKeyCreation|Key creation is not allowed/i.test(error.message))
    return [
      'denied',
      `${permission} is denied: the organisation allows no keys of service accounts`,
      'Use workload identity instead: see docs/how-to/provision-a-bucket.md.',
    ];
  if (isRetryable(error))
    return ['unavailable', `Google answered ${error.status} ${error.reason}`, 'Try again in a while.'];
  return [
    'failed',
    `Google answered ${error.status} ${error.reason}: ${error.message}`,
    'Look up what Google says of this error.',
  ];
}

function failureOf(call: GoogleCall, thrown: unknown, facts: readonly string[]): Failure {
  if (thrown instanceof Failure) return thrown;
  const [kind, found, remedy]: Verdict =
    thrown instanceof GcsError
      ? verdictOf(call, thrown)
      : ['unavailable', messageOf(thrown), 'Look whether Google can be reached from here, then try again.'];
  return new Failure(kind, { message: `cannot ${call.verb}: ${found}`, remedy, facts, cause: thrown });
}

/** Google's APIs, as one user. */
export class GoogleApi implements Disposable {
  readonly #agents: HttpAgents;
  readonly #deadlines: StoreDeadlines;
  readonly #tokens: TokenSource;

  private constructor(location: GcsLocation, deadlines: StoreDeadlines, agents: HttpAgents) {
    this.#agents = agents;
    this.#deadlines = deadlines;
    this.#tokens = new TokenSource(location.credentials, ANY);
  }

  static async open(location: GcsLocation, deadlines: StoreDeadlines): Promise<GoogleApi> {
    return new GoogleApi(location, deadlines, await makeHttpAgents(location));
  }

  [Symbol.dispose](): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** The fields of a good answer; `undefined` for an expected status. @throws {Failure} for anything else. */
  async call(call: GoogleCall): Promise<Fields | undefined> {
    const { method, url, body, expected = [] } = call;
    const request: HttpRequest = {
      method,
      url,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: [Buffer.from(JSON.stringify(body))] }),
    };
    return runAttempts(
      {
        deadlines: this.#deadlines,
        action: call.verb,
        isRetryable: (thrown) =>
          isRetryable(thrown) || (thrown instanceof GcsError && call.isPassing?.(thrown) === true),
        retryAfterMs: (thrown) =>
          thrown instanceof GcsError ? retryAfterMs(thrown.headers['retry-after'], new Date()) : undefined,
        failureOf: (thrown, facts) => failureOf(call, thrown, facts),
      },
      undefined,
      async ({ signal }) => this.#try(request, expected, signal),
    );
  }

  async #try(request: HttpRequest, expected: readonly number[], signal: AbortSignal): Promise<Fields | undefined> {
    const way = { agents: this.#agents, idleMs: this.#deadlines.attemptIdleMs, signal };
    for (let isFirst = true; ; isFirst = false) {
      const token = await this.#tokens.header(async (asked) => sendRequest(asked, way));
      const answer = await sendRequest({ ...request, headers: { ...request.headers, ...token } }, way);
      if (answer.status === 200) return readFields(answer);
      if (answer.status === 204) return {};
      const error = await readGcsError(answer);
      if (expected.includes(error.status)) return undefined;
      if (error.status !== 401 || !isFirst || !this.#tokens.drop(token)) throw error;
    }
  }
}
