/**
 * An agent elsewhere, as its callers see it: who it is, starting a job there, listening, answering, interrupting.
 *
 * The token is sent over TLS 1.3 to a host that has proven its name, or to this host; redirects are not followed, and no
 * answer is believed before it is checked.
 *
 * @module
 */

import type { IncomingMessage } from 'node:http';
import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';

import {
  failureFrom,
  fieldsOf,
  PROTOCOL,
  PROTOCOL_HEADER,
  readHello,
  type Hello,
  type StartRequest,
} from '../agent/control/control-messages.ts';
import { LineCutter } from '../agent/control/follow-frames.ts';
import { parseFrame, type Frame } from '../agent/control/frames.ts';
import { Failure, messageOf } from '../base/failure.ts';

/** By what an agent is called and recognised. */
export interface AgentAccess {
  readonly token: string;
  /** PEM; `undefined`: the certificates that Node trusts. */
  readonly ca: string | undefined;
  /** What this side shows, as PEM. */
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
}

/** A job as an agent lists it. */
export interface RemoteJob {
  readonly id: string;
  readonly shown: string;
  readonly by: string;
  readonly startedAtMs: number;
  readonly isRunning: boolean;
  readonly isChanging: boolean;
}

const CONNECT_MS = 10_000;
const ANSWER_MS = 30_000;
/** The agent says something every five seconds. */
const SILENCE_MS = 30_000;
const LARGEST_ANSWER_BYTES = 1024 * 1024;

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Certificates that do not fit: Node's codes of OpenSSL's verdicts, and its own. */
const NOT_TRUSTED =
  /^(ERR_TLS_CERT_ALTNAME_INVALID|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_\w+|UNABLE_TO_\w+)$/;

function broken(address: string, error: unknown): Failure {
  const code = codeOf(error);
  if (NOT_TRUSTED.test(code)) {
    return new Failure('denied', {
      message: `cannot trust what answers at ${address}: ${messageOf(error)}`,
      remedy:
        'Name the authority that signed the certificate of this agent (control-ca), and call it by a name that the certificate holds.',
      cause: error,
    });
  }
  if (/^(ERR_SSL_|EPROTO)/.test(code)) {
    return new Failure('denied', {
      message: `cannot agree with ${address} on TLS: ${messageOf(error)}`,
      remedy:
        'Look at the address, whether it is an agent with TLS, and whether it asks callers for a certificate (control-certificate, control-key).',
      cause: error,
    });
  }
  return new Failure('unavailable', {
    message: `cannot reach the agent at ${address}: ${messageOf(error)}`,
    remedy: 'Look whether it runs, listens there (control-address), and can be reached from here.',
    cause: error,
  });
}

async function readAll(response: IncomingMessage, address: string): Promise<unknown> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > LARGEST_ANSWER_BYTES) throw notAnAgent(address, 'its answer is too long');
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch {
    throw notAnAgent(address, `it answers ${response.statusCode ?? 'nothing'}, and not in JSON`);
  }
}

function notAnAgent(address: string, found: string): Failure {
  return new Failure('unavailable', {
    message: `cannot use what answers at ${address}: ${found}`,
    remedy: 'Look whether that is the address of an agent (its control-address).',
  });
}

/** One agent. */
export class RemoteAgent {
  readonly address: string;
  readonly #url: URL;
  readonly #access: AgentAccess;

  constructor(url: URL, access: AgentAccess) {
    this.#url = url;
    this.#access = access;
    this.address = url.origin;
  }

  async #send(method: string, path: string, body: unknown, signal: AbortSignal | undefined): Promise<IncomingMessage> {
    const { token, ca, certificate } = this.#access;
    const text = body === undefined ? undefined : JSON.stringify(body);
    const url = new URL(path, this.#url);
    const headers = {
      authorization: `Bearer ${token}`,
      [PROTOCOL_HEADER]: String(PROTOCOL),
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
    };
    const common = { method, headers, agent: false, timeout: CONNECT_MS, ...(signal === undefined ? {} : { signal }) };
    const tls = {
      minVersion: 'TLSv1.3',
      // Whatever NODE_TLS_REJECT_UNAUTHORIZED says: the token goes to nobody else.
      rejectUnauthorized: true,
      ...(ca === undefined ? {} : { ca }),
      ...certificate,
    } as const;
    return new Promise((resolve, reject) => {
      const request = url.protocol === 'https:' ? tlsRequest(url, { ...common, ...tls }) : plainRequest(url, common);
      request.once('response', resolve);
      request.once('error', reject);
      request.once('timeout', () => {
        if (request.socket?.connecting !== false) request.destroy(timedOut('nothing answers'));
      });
      const late = setTimeout(() => request.destroy(timedOut('it does not answer in time')), ANSWER_MS);
      request.once('response', () => clearTimeout(late));
      request.once('close', () => clearTimeout(late));
      request.end(text);
    });
  }

  async #ask(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<IncomingMessage> {
    const response = await this.#send(method, path, body, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw broken(this.address, error);
    });
    if (response.statusCode === 200) return response;
    const said = await readAll(response, this.address);
    throw failureFrom(said) ?? notAnAgent(this.address, `it answers ${response.statusCode ?? 'nothing'}`);
  }

  async #json(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<unknown> {
    const response = await this.#ask(method, path, body, signal);
    return readAll(response, this.address).catch((error: unknown) => {
      throw error instanceof Failure ? error : broken(this.address, error);
    });
  }

  /** Who answers there. @throws {Failure} */
  async hello(signal?: AbortSignal): Promise<Hello> {
    return readHello(await this.#json('GET', '/v1/hello', undefined, signal), this.address);
  }

  /** The jobs that it runs, and the last that it ran, newest first. @throws {Failure} */
  async jobs(signal?: AbortSignal): Promise<RemoteJob[]> {
    const { jobs } = fieldsOf(await this.#json('GET', '/v1/jobs', undefined, signal));
    return (Array.isArray(jobs) ? jobs : []).map((job: unknown) => {
      const { id, shown, by, startedAtMs, isRunning, isChanging } = fieldsOf(job);
      return {
        id: String(id),
        shown: String(shown),
        by: String(by),
        startedAtMs: Number(startedAtMs),
        isRunning: isRunning === true,
        isChanging: isChanging === true,
      };
    });
  }

  /** Starts a job; again with the same id: it is not started twice. @throws {Failure} */
  async start(given: StartRequest, signal?: AbortSignal): Promise<{ readonly isChanging: boolean }> {
    const { isChanging } = fieldsOf(await this.#json('POST', '/v1/jobs', given, signal));
    return { isChanging: isChanging === true };
  }

  /**
   * What a job says, from frame number `from` on, until it has ended or the connection has.
   *
   * @throws {Failure} `unavailable` when the connection is lost.
   */
  async *frames(id: string, from: number, signal: AbortSignal): AsyncGenerator<Frame> {
    const response = await this.#ask('GET', `/v1/jobs/${id}/frames?from=${from}`, undefined, signal);
    const cutter = new LineCutter();
    response.socket.setTimeout(SILENCE_MS, () => response.destroy(timedOut('it says nothing any more')));
    try {
      for await (const bytes of response as AsyncIterable<Buffer>) {
        for (const line of cutter.take(bytes)) yield parseFrame(line);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof Failure ? error : broken(this.address, error);
    } finally {
      response.destroy();
    }
  }

  /** Answers a question of a job; `undefined`: no answer. @throws {Failure} */
  async answer(id: string, number: number, text: string | undefined): Promise<void> {
    await this.#json('POST', `/v1/jobs/${id}/answer`, { number, text });
  }

  /** Interrupts a job, as Ctrl-C would. @throws {Failure} */
  async interrupt(id: string): Promise<void> {
    await this.#json('POST', `/v1/jobs/${id}/interrupt`, {});
  }
}

function timedOut(found: string): Error {
  return Object.assign(new Error(found), { code: 'ETIMEDOUT' });
}
