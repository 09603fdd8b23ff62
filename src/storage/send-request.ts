/**
 * One HTTP request and its answer, on Node's own client. What an answer means is the caller's to say.
 *
 * Nothing moving for `idleMs` ends the request, or the body that is being waited for, with the code `ETIMEDOUT`. The
 * time that a reader spends with a piece is not counted.
 *
 * @module
 */

import { request as requestHttp, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';

import type { HttpAgents } from './http-agents.ts';

/** What is sent. */
export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The body, in pieces that are in memory. */
  readonly body?: readonly Uint8Array[];
}

/** How it is sent. */
export interface HttpWay {
  readonly agents: HttpAgents;
  readonly idleMs: number;
  readonly signal: AbortSignal;
}

/** What came back. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case; of a repeated header, all values joined. */
  readonly headers: Readonly<Record<string, string>>;
  /** To be read to its end, or left by `return()`, for the connection to be used again. */
  readonly body: AsyncIterable<Buffer>;
}

/** Answers of APIs are shorter; what is longer is none. */
const LONGEST_TEXT_BYTES = 16 * 1024 * 1024;

function timedOut(idleMs: number): Error {
  return Object.assign(new Error(`nothing came for ${idleMs / 1000} s`), { code: 'ETIMEDOUT' });
}

function headersOf(message: IncomingMessage): Record<string, string> {
  const entries = Object.entries(message.headers).map(([name, value]): [string, string] => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries);
}

/** Sends a request, and answers when the head of the answer is there. */
export async function sendRequest(request: HttpRequest, { agents, idleMs, signal }: HttpWay): Promise<HttpAnswer> {
  const { method, url, headers, body = [] } = request;
  const isTls = url.startsWith('https:');
  const sizeBytes = body.reduce((sum, piece) => sum + piece.byteLength, 0);
  const length =
    method === 'GET' || method === 'HEAD' || method === 'DELETE' ? {} : { 'content-length': String(sizeBytes) };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const options = { method, headers: { ...headers, ...length }, signal };
  const sent = isTls
    ? requestHttps(url, { ...options, agent: agents.https })
    : requestHttp(url, { ...options, agent: agents.http });
  sent.once('response', resolve);
  sent.on('error', reject);
  sent.setTimeout(idleMs, () => sent.destroy(timedOut(idleMs)));
  for (const piece of body) sent.write(piece);
  sent.end();
  const message = await promise;
  sent.setTimeout(0);
  return { status: message.statusCode ?? 0, headers: headersOf(message), body: watched(message, idleMs) };
}

/** The pieces of an answer; waiting for the next one has a limit. */
async function* watched(message: IncomingMessage, idleMs: number): AsyncGenerator<Buffer> {
  const pieces = message[Symbol.asyncIterator]();
  try {
    for (;;) {
      const timer = setTimeout(() => message.destroy(timedOut(idleMs)), idleMs);
      const next: IteratorResult<unknown> = await pieces.next().finally(() => clearTimeout(timer));
      if (next.done === true) return;
      if (!Buffer.isBuffer(next.value)) throw new TypeError('an answer came as text');
      yield next.value;
    }
  } finally {
    message.destroy();
  }
}

/** The body as text, up to a limit that no answer of an API reaches. */
export async function readText({ body }: HttpAnswer): Promise<string> {
  const pieces: Buffer[] = [];
  let sizeBytes = 0;
  for await (const piece of body) {
    pieces.push(piece);
    sizeBytes += piece.byteLength;
    if (sizeBytes > LONGEST_TEXT_BYTES) break;
  }
  return Buffer.concat(pieces).toString('utf8');
}
