/**
 * Requests beside the objects' own: signed as the store's are, with its retries and deadlines, and errors that the
 * store's own reading of errors understands.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { makeHttpAgents, type HttpAgents } from '../../storage/http-agents.ts';
import type { S3Connection } from '../../storage/s3/connection.ts';
import type { S3Action } from '../../storage/s3/s3-failure.ts';
import type { S3Credentials } from '../../storage/s3/s3-location.ts';
import { readText, sendRequest, type HttpRequest } from '../../storage/send-request.ts';
import { signRequest } from './sign-request.ts';

/** An answer that is an error, in the form in which the SDK throws one. */
export class ApiError extends Error {
  override readonly name: string;
  readonly $metadata: { readonly httpStatusCode: number };

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = code;
    this.$metadata = { httpStatusCode: status };
  }
}

/** What one request needs. */
export interface ApiCall {
  /** After "cannot": `create the user "sa-shop"`. */
  readonly verb: string;
  readonly permission: string;
  readonly service: 'iam' | 's3';
  readonly region: string;
  /** The request; whoever asks may need the key for it. */
  readonly request: (credentials: S3Credentials) => HttpRequest;
  /** The code and the message of an answer that is no success. */
  readonly readError: (text: string) => readonly [code: string | undefined, message: string];
  /** Errors that are answers; they are thrown as they are, and at once. */
  readonly expected?: readonly string[];
}

/** Requests of one connection to S3. */
export class S3Api implements Disposable {
  readonly #connection: S3Connection;
  readonly #agents: HttpAgents;

  private constructor(connection: S3Connection, agents: HttpAgents) {
    this.#connection = connection;
    this.#agents = agents;
  }

  static async open(connection: S3Connection): Promise<S3Api> {
    return new S3Api(connection, await makeHttpAgents(connection.location));
  }

  [Symbol.dispose](): void {
    this.#agents.http.destroy();
    this.#agents.https.destroy();
  }

  /** The text of a good answer, or the code of an expected error. @throws {Failure} for anything else. */
  async call(call: ApiCall): Promise<{ readonly text: string } | { readonly code: string }> {
    const { location } = this.#connection;
    const action: S3Action = {
      verb: `${call.verb} for`,
      permission: call.permission,
      bucket: location.bucket,
      key: '',
    };
    return this.#connection.run(action, undefined, async ({ client, signal }) => {
      const { accessKeyId, secretAccessKey, sessionToken } = await client.config.credentials();
      const credentials = { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
      const scope = { service: call.service, region: call.region, now: new Date() };
      const answer = await sendRequest(signRequest(call.request(credentials), credentials, scope), {
        agents: this.#agents,
        idleMs: this.#connection.deadlines.attemptIdleMs,
        signal,
      });
      const text = await readText(answer);
      if (answer.status < 300) return { text };
      const [code = String(answer.status), message] = call.readError(text);
      if (call.expected?.includes(code) === true) return { code };
      throw new ApiError(answer.status, code, message);
    });
  }
}

/** The failure of an answer that does not say what it must. */
export function unreadable(verb: string, problem: string): Failure {
  return new Failure('corrupt', {
    message: `cannot ${verb}: the server's answer cannot be used: ${problem}`,
    remedy: 'Look for a proxy between here and the server; if there is none, it does not follow the API.',
  });
}
