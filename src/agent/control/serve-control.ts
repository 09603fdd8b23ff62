/**
 * The agent's control endpoint: runs walkback's own commands for callers that show the token.
 *
 * Off unless configured. It asks nobody else anything, whatever it is sent; what may be run is decided by who gave
 * {@link ControlOptions.check}. Every request leaves a line in the agent's log, without values that may be secret. Where it
 * listens on anything but the loopback interface it speaks TLS 1.3 alone, and with certificates of callers if asked to.
 * docs/decisions/0027-control-of-agents.md names the threats.
 *
 * @module
 */

import { createServer as createPlainServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

import { Failure, isFailure, messageOf } from '../../base/failure.ts';
import { keepListening } from '../keep-listening.ts';
import {
  failureJson,
  LARGEST_REQUEST_BYTES,
  PROTOCOL,
  PROTOCOL_HEADER,
  readAnswer,
  readStartRequest,
  statusOf,
  type Hello,
} from './control-messages.ts';
import { withBeats } from './follow-frames.ts';
import type { Job } from './job-folder.ts';
import type { Jobs } from './jobs.ts';
import { isSameToken } from './token.ts';
import { WrongTokens } from './wrong-tokens.ts';

/** A command line that may be run. */
export type CheckedCommand = Pick<Job, 'isChanging' | 'shown' | 'ownFlags'>;

/** What TLS needs, as PEM. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Callers must show a certificate that one of these has signed. */
  readonly ca: string | undefined;
}

/** What is served, and where. */
export interface ControlOptions {
  readonly host: string;
  readonly port: number;
  /** Read anew for every request: it can be exchanged while the agent runs. @throws {Failure} */
  readonly readToken: () => Promise<string>;
  /** `undefined` on the loopback interface alone. Read again once a minute. @throws {Failure} */
  readonly readTls: (() => Promise<TlsFiles>) | undefined;
  readonly jobs: Jobs;
  readonly readHello: () => Promise<Hello>;
  /** @throws {Failure} for what may not be run. */
  readonly check: (args: readonly string[]) => Promise<CheckedCommand>;
  /** A line for the log. */
  readonly audit: (line: string) => void;
  readonly onWarning: (message: string) => void;
  readonly onListening?: (port: number) => void;
  readonly signal: AbortSignal;
}

const RENEW_MS = 60_000;
const BEAT_MS = 5000;
const MAX_CONNECTIONS = 64;
const LIMITS = {
  requestTimeout: 15_000,
  headersTimeout: 5000,
  connectionsCheckingInterval: 1000,
  keepAliveTimeout: 5000,
  maxHeaderSize: 8192,
};

function sendJson(response: ServerResponse, status: number, body: object): void {
  const text = `${JSON.stringify(body)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
    // A caller that was refused is not kept: what else it has sent is not read.
    ...(status >= 400 ? { connection: 'close' } : {}),
  });
  response.end(text);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    sizeBytes += piece.length;
    if (sizeBytes > LARGEST_REQUEST_BYTES) {
      throw new Failure('usage', {
        message: `cannot take the request: it is larger than ${LARGEST_REQUEST_BYTES} bytes`,
        remedy: 'Give shorter statements, or run the command on the host.',
      });
    }
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString('utf8'));
  } catch (error) {
    throw new Failure('usage', {
      message: 'cannot take the request: it is no JSON',
      remedy: 'Use the walkback of the same version to send it.',
      cause: error,
    });
  }
}

const REFUSED = { kind: 'denied', message: 'cannot let this caller in: the token is wrong', facts: [] };

/** One endpoint while it listens. */
class Endpoint {
  readonly #options: ControlOptions;
  readonly #wrong = new WrongTokens();

  constructor(options: ControlOptions) {
    this.#options = options;
  }

  /** Answers a request, whatever happens. */
  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const from = request.socket.remoteAddress ?? '?';
    try {
      if (await this.#isLetIn(request, response, from)) await this.#route(request, response, from);
    } catch (error) {
      const failure = isFailure(error)
        ? error
        : new Failure('failed', { message: messageOf(error), remedy: "Look at the agent's log." });
      if (!isFailure(error)) this.#options.onWarning(`control: a bug: ${messageOf(error)}`);
      this.#options.audit(`${from} was refused: ${JSON.stringify(failure.message).slice(1, -1)}`);
      if (response.headersSent) response.destroy();
      else sendJson(response, statusOf(failure), failureJson(failure));
    }
  }

  async #isLetIn(request: IncomingMessage, response: ServerResponse, from: string): Promise<boolean> {
    const expected = await this.#options.readToken().catch((error: unknown) => {
      this.#options.onWarning(`control: nobody is let in: ${messageOf(error)}`);
      // Who is not known yet is not told of the host's files.
      throw new Failure('unavailable', {
        message: 'cannot let anybody in: the agent has no token that it can use',
        remedy: "Look at the agent's log.",
      });
    });
    const given = /^Bearer (\S+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
    if (isSameToken(given, expected)) return true;
    const { isTooMany, isTold } = this.#wrong.note(from, Date.now());
    const what = isTooMany ? 'too many wrong tokens; no more lines about it for a minute' : 'a wrong token, or none';
    if (isTold) this.#options.audit(`${from} was refused: ${what}`);
    const remedy = isTooMany
      ? 'Wait a minute, and give the token of this agent (control-token-file).'
      : 'Give the token of this agent (control-token-file).';
    sendJson(response, isTooMany ? 429 : 401, { ...REFUSED, remedy });
    return false;
  }

  async #route(request: IncomingMessage, response: ServerResponse, from: string): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://agent');
    const [, version, name, id = '', verb] = pathname.split('/');
    const what = `${request.method} ${version === 'v1' ? name : ''}${verb === undefined ? '' : ` ${verb}`}`;
    const protocol = request.headers[PROTOCOL_HEADER];
    if (protocol !== String(PROTOCOL)) throw otherProtocol(protocol);
    const { jobs, readHello, audit } = this.#options;
    switch (what) {
      case 'GET hello':
        audit(`${from} asked who answers`);
        return sendJson(response, 200, await readHello());
      case 'GET jobs': {
        audit(`${from} listed jobs`);
        const listed = await jobs.list();
        const shown = listed.map(({ job, isRunning }) => {
          const { id: one, shown: line, by, startedAtMs, isChanging } = job;
          return { id: one, shown: line, by, startedAtMs, isRunning, isChanging };
        });
        return sendJson(response, 200, { jobs: shown });
      }
      case 'POST jobs':
        return this.#start(request, response, from);
      case 'GET jobs frames': {
        audit(`${from} listens to job ${id.slice(0, 32)}`);
        return this.#sendFrames(response, id, Number(searchParams.get('from') ?? 0));
      }
      case 'POST jobs answer': {
        const { number, text } = readAnswer(await readBody(request));
        await jobs.answer(id, number, text);
        audit(`${from} answered question ${number} of job ${id}`);
        return sendJson(response, 200, {});
      }
      case 'POST jobs interrupt':
        await jobs.interrupt(id);
        audit(`${from} interrupted job ${id}`);
        return sendJson(response, 200, {});
      default:
        throw new Failure('usage', {
          message: 'cannot take the request: there is no such path',
          remedy: 'Use the walkback of the same version to send it.',
        });
    }
  }

  async #start(request: IncomingMessage, response: ServerResponse, from: string): Promise<void> {
    const { id, args, by, screen } = readStartRequest(await readBody(request));
    const { check, jobs, audit } = this.#options;
    const checked = await check(args);
    const who = JSON.stringify(by);
    audit(`${from} (${who}) runs "${checked.shown}" as job ${id}`);
    await jobs.start({ id, args, ...checked, by, startedAtMs: Date.now(), screen });
    sendJson(response, 200, { id, isChanging: checked.isChanging });
  }

  async #sendFrames(response: ServerResponse, id: string, from: number): Promise<void> {
    const { jobs, signal } = this.#options;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const until = AbortSignal.any([gone.signal, signal]);
    const lines = await jobs.follow(id, Number.isSafeInteger(from) && from > 0 ? from : 0, until);
    // Only whoever listens may end it by going away: not another who was refused.
    const forget = (): void => void jobs.forget(id).catch(() => {});
    if (gone.signal.aborted) forget();
    else response.once('close', forget);
    response.writeHead(200, { 'content-type': 'application/x-ndjson; charset=utf-8', 'cache-control': 'no-store' });
    response.flushHeaders();
    await pipeline(Readable.from(withNewlines(withBeats(lines, BEAT_MS)), { objectMode: false }), response, {
      signal: until,
    }).catch((error: unknown) => {
      // The caller, or the agent, has gone away.
      if (!until.aborted) throw error;
    });
  }
}

async function* withNewlines(lines: AsyncGenerator<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`;
}

function otherProtocol(given: string | string[] | undefined): Failure {
  return new Failure('refused', {
    message: `cannot take the request: it speaks protocol ${JSON.stringify(given ?? 'none')}, this agent ${PROTOCOL}`,
    remedy: 'Use the walkback of the same version on both sides.',
  });
}

async function openServer(options: ControlOptions): Promise<Server | TlsServer> {
  const endpoint = new Endpoint(options);
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    response.on('error', () => {});
    void endpoint.answer(request, response).catch(() => response.destroy());
  };
  if (options.readTls === undefined) return createPlainServer(LIMITS, answer);
  const { cert, key, ca } = await options.readTls();
  const callers = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
  return createTlsServer({ ...LIMITS, cert, key, minVersion: 'TLSv1.3', handshakeTimeout: 5000, ...callers }, answer);
}

/** Certificates are exchanged while the agent runs; one that is half written is looked at again. */
async function renewTls(server: Server | TlsServer, options: ControlOptions): Promise<void> {
  if (options.readTls === undefined || !('setSecureContext' in server)) return;
  try {
    const { cert, key, ca } = await options.readTls();
    server.setSecureContext({ cert, key, minVersion: 'TLSv1.3', ...(ca === undefined ? {} : { ca }) });
  } catch (error) {
    options.onWarning(`control: the certificate is not renewed: ${messageOf(error)}`);
  }
}

/** Serves until the signal. Where it cannot listen it says so and tries again. Throws nothing. */
export async function serveControl(options: ControlOptions): Promise<void> {
  const { host, port, onWarning, onListening, audit, jobs, signal } = options;
  await keepListening({
    host,
    port,
    what: 'control',
    notServed: 'control is not served',
    maxConnections: MAX_CONNECTIONS,
    open: () => openServer(options),
    onListening: (listeningAt, server) => {
      audit(`served at ${host}:${listeningAt}${options.readTls === undefined ? ', without TLS' : ''}`);
      onListening?.(listeningAt);
      const renewing = setInterval(() => void renewTls(server, options), RENEW_MS).unref();
      server.once('close', () => clearInterval(renewing));
    },
    onWarning,
    signal,
  });
  await jobs.close();
}
