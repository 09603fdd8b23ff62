/**
 * Requests to one server: repeated while that may help, under a deadline, with a login that is renewed once when it is refused.
 *
 * @module
 */

import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';

import { Failure } from '../../base/failure.ts';
import { runAttempts, type CallRules } from '../../storage/attempts.ts';
import type { StoreDeadlines } from '../../storage/deadlines.ts';
import { IN_CLUSTER, type MayChange, type WhereWeAre } from './kubernetes-api.ts';
import { logIn, type Connection, type KubernetesLogin } from './login.ts';
import { failureOf, isWorthRepeating, loginRefused, mayHaveHappened, Refusal, type Asked } from './server-answer.ts';

/** One request. */
export interface ApiRequest {
  readonly asked: Asked;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root, with its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Of the body; JSON if nothing is said. */
  readonly contentType?: string;
}

/** Tells whether a change whose answer was lost was made: what it would have answered, or `undefined` if it was not. */
export type LookForChange = (signal: AbortSignal) => Promise<unknown>;

const LONGEST_ANSWER_BYTES = 256 * 1024 * 1024;
/** What says whether changes may be made is itself renewed by changes. */
const UNFENCED = 'leases';
const NEVER = new AbortController().signal;

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of message as AsyncIterable<Buffer>) {
    sizeBytes += piece.byteLength;
    if (sizeBytes > LONGEST_ANSWER_BYTES) {
      message.destroy();
      throw new TypeError(`an answer is longer than ${LONGEST_ANSWER_BYTES} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

/** One server, as one user. */
export class ApiSession {
  readonly #login: KubernetesLogin;
  readonly deadlines: StoreDeadlines;
  #connection: Connection;
  #renewal: Promise<Connection> | undefined;
  #mayChange: MayChange | undefined;

  private constructor(login: KubernetesLogin, connection: Connection, deadlines: StoreDeadlines) {
    this.#login = login;
    this.#connection = connection;
    this.deadlines = deadlines;
  }

  static async open(login: KubernetesLogin, deadlines: StoreDeadlines): Promise<ApiSession> {
    return new ApiSession(login, await logIn(login), deadlines);
  }

  get connection(): Connection {
    return this.#connection;
  }

  close(): void {
    this.#connection.close();
  }

  /** See `KubernetesApi.fence`. */
  fence(mayChange: MayChange): Disposable {
    this.#mayChange = mayChange;
    return {
      [Symbol.dispose]: () => {
        this.#mayChange = undefined;
      },
    };
  }

  /** @throws what keeps changes from being made. */
  async untilMayChange({ resource }: Asked, signal: AbortSignal = NEVER): Promise<void> {
    if (resource !== UNFENCED) await this.#mayChange?.(signal);
  }

  /** The answer as JSON. @throws {Failure} what the last attempt met; `Refusal` never comes out. */
  async read(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    return runAttempts(this.#rules(request.asked), signal, async ({ signal: ofAttempt }) =>
      this.#json(request, ofAttempt),
    );
  }

  /** The answer as text. */
  async readText(request: ApiRequest, signal?: AbortSignal): Promise<string> {
    return runAttempts(this.#rules(request.asked), signal, async ({ signal: ofAttempt }) =>
      this.#text(request, ofAttempt),
    );
  }

  /** As {@link read}; `undefined` if the server says that there is no such object. */
  async readOrNothing(request: ApiRequest, signal?: AbortSignal): Promise<unknown> {
    return runAttempts(this.#rules(request.asked), signal, async ({ signal: ofAttempt }) => {
      try {
        return await this.#json(request, ofAttempt);
      } catch (error) {
        if (error instanceof Refusal && error.status === 404 && error.reason === 'NotFound') return undefined;
        throw error;
      }
    });
  }

  /** Makes a change. Once an answer was lost, `look` comes before every further attempt. */
  async change(request: ApiRequest, look: LookForChange, signal?: AbortSignal): Promise<unknown> {
    let isInDoubt = false;
    return runAttempts(this.#rules(request.asked), signal, async ({ signal: ofAttempt }) => {
      const made = isInDoubt ? await look(ofAttempt) : undefined;
      if (made !== undefined) return made;
      await this.untilMayChange(request.asked, ofAttempt);
      try {
        return await this.#json(request, ofAttempt);
      } catch (error) {
        isInDoubt ||= mayHaveHappened(error);
        throw error;
      }
    });
  }

  /** The answer as it comes, for watches and logs; one attempt, and no limit but the signal once its head is there. */
  async stream(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.#answered(request, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof Refusal ? error : failureOf(request.asked, this.#connection.where.server, error, []);
    }
  }

  #rules(asked: Asked): CallRules {
    const { server } = this.#connection.where;
    return {
      deadlines: this.deadlines,
      action: `${asked.verb} ${asked.resource} at ${server}`,
      isRetryable: isWorthRepeating,
      retryAfterMs: (thrown) => (thrown instanceof Refusal ? thrown.retryAfterMs : undefined),
      failureOf: (thrown, facts) => failureOf(asked, server, thrown, facts),
    };
  }

  async #json(request: ApiRequest, signal: AbortSignal): Promise<unknown> {
    return JSON.parse(await this.#text(request, signal));
  }

  async #text(request: ApiRequest, signal: AbortSignal): Promise<string> {
    const message = await this.#answered(request, signal);
    message.setTimeout(this.deadlines.attemptIdleMs, () => message.destroy(timedOut(this.deadlines.attemptIdleMs)));
    return textOf(message);
  }

  /** A successful answer. A login that is refused is read again, once for each request. */
  async #answered(request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const used = this.#connection;
    const first = await this.#send(used, request, signal);
    const message = first.statusCode === 401 ? await this.#again(used, first, request, signal) : first;
    const status = message.statusCode ?? 0;
    if (status >= 200 && status < 300) return message;
    const retryAfter = message.headers['retry-after'];
    throw new Refusal(status, await textOf(message), retryAfter);
  }

  async #again(used: Connection, refused: IncomingMessage, request: ApiRequest, signal: AbortSignal) {
    refused.resume();
    const message = await this.#send(await this.renewed(used), request, signal);
    if (message.statusCode !== 401) return message;
    message.resume();
    throw loginRefused(request.asked, used.where.user, used.where.server);
  }

  /** The login read anew; several requests that were refused with the same one share it. */
  async renewed(used: Connection): Promise<Connection> {
    if (this.#connection !== used) return this.#connection;
    this.#renewal ??= this.#renew(used);
    return this.#renewal;
  }

  async #renew(used: Connection): Promise<Connection> {
    try {
      const { context, namespace } = used.where;
      const isNamed = used.where.context !== IN_CLUSTER;
      // The context stays: somebody may have made another one current meanwhile.
      const renewed = await logIn({ ...this.#login, namespace, ...(isNamed ? { context } : {}) });
      if (renewed.where.server !== used.where.server) throw anotherServer(used.where, renewed.where);
      this.#connection = renewed;
      used.close();
      return renewed;
    } finally {
      this.#renewal = undefined;
    }
  }

  async #send(connection: Connection, request: ApiRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const options = await connection.requestOptions();
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const url = new URL(connection.where.server + request.path);
    const headers = {
      ...options.headers,
      accept: 'application/json',
      'user-agent': 'walkback',
      ...(body === undefined
        ? {}
        : {
            'content-type': request.contentType ?? 'application/json',
            'content-length': String(Buffer.byteLength(body)),
          }),
    };
    const send = url.protocol === 'http:' ? requestHttp : requestHttps;
    const sent = send(url, { ...options, method: request.method, headers, signal });
    sent.once('response', resolve);
    sent.on('error', reject);
    const { attemptIdleMs } = this.deadlines;
    sent.setTimeout(attemptIdleMs, () => sent.destroy(timedOut(attemptIdleMs)));
    sent.end(body);
    const message = await promise;
    sent.setTimeout(0);
    return message;
  }
}

/** A kubeconfig that now means another cluster must not get the second half of what was begun in the first. */
function anotherServer(before: WhereWeAre, now: WhereWeAre): Failure {
  return new Failure('denied', {
    message: `cannot log in to ${before.server} again: context "${before.context}" now names ${now.server}`,
    remedy: `Log in to ${before.server} again, then type the same command again.`,
  });
}

function timedOut(idleMs: number): Error {
  return Object.assign(new Error(`nothing came for ${idleMs / 1000} s`), { code: 'ETIMEDOUT' });
}
