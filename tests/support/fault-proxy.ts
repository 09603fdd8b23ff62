/**
 * A proxy in front of a store, or of any HTTP server, that makes go wrong what goes wrong in networks: refused and cut
 * connections, bodies that drip or stop, servers that are busy, and servers that lie.
 *
 * @module
 */

import { once } from 'node:events';
import {
  Agent,
  createServer,
  request as sendRequest,
  type IncomingMessage,
  type RequestOptions,
  type Server,
  type ServerResponse,
} from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePort } from './programs.ts';

/** What happens to a request. */
export type Fault =
  /** The connection is reset before the request reaches the server. */
  | { readonly kind: 'reset' }
  /** The request reaches the server and has its effect; the connection is reset in place of the answer. */
  | { readonly kind: 'loseAnswer' }
  /** The request is taken, and nothing ever comes back. */
  | { readonly kind: 'stall' }
  /** The answer's body ends after so many bytes, with a reset. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  /** The answer's body stops after so many bytes, and the connection stays open. */
  | { readonly kind: 'stallBody'; readonly afterBytes: number }
  /** The answer's body comes a little at a time. */
  | { readonly kind: 'drip'; readonly bytes: number; readonly everyMs: number }
  /** A byte of the answer's body is another one. */
  | { readonly kind: 'alter'; readonly atByte: number }
  /** The answer's body is shorter, and its length says so: nothing looks wrong. */
  | { readonly kind: 'shorten'; readonly toBytes: number }
  /** The answer comes later. */
  | { readonly kind: 'delay'; readonly byMs: number }
  /** Another answer, and the server is not asked. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Record<string, string>;
      readonly body?: string;
    };

/** A request as the proxy saw it. */
export interface ProxiedRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The fault it met, if any. */
  readonly fault: Fault['kind'] | undefined;
}

/** Which requests meet a fault. */
export interface FaultRule {
  /** All of them, if not given. */
  readonly when?: (request: ProxiedRequest) => boolean;
  /** How many times, before the rule is used up; without end if not given. */
  readonly times?: number;
  readonly fault: Fault;
}

/** The answer of an S3 store that is in trouble, or that says so. */
export function s3Error(status: number, code: string, headers: Record<string, string> = {}): Fault {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${code}</Message></Error>`;
  return { kind: 'answer', status, headers: { 'content-type': 'application/xml', ...headers }, body };
}

/** The proxy. Disposing cuts what is open. */
export class FaultProxy implements AsyncDisposable {
  readonly endpoint: string;
  /** Every request, oldest first. */
  readonly requests: ProxiedRequest[] = [];
  readonly #port: number;
  readonly #target: URL;
  readonly #agent = new Agent({ keepAlive: true });
  #server: Server | undefined;
  #rules: { rule: FaultRule; timesLeft: number }[] = [];

  private constructor(target: URL, port: number) {
    this.#target = target;
    this.#port = port;
    this.endpoint = `http://127.0.0.1:${port}`;
  }

  /** Starts a proxy in front of `target`, such as `http://127.0.0.1:9000`. */
  static async start(target: string): Promise<FaultProxy> {
    const proxy = new FaultProxy(new URL(target), await freePort());
    await proxy.listen();
    return proxy;
  }

  /** Adds a rule; of those that fit a request the oldest counts. */
  inject(rule: FaultRule): void {
    this.#rules.push({ rule, timesLeft: rule.times ?? Number.POSITIVE_INFINITY });
  }

  /** Removes all rules, and forgets the requests. */
  clear(): void {
    this.#rules = [];
    this.requests.length = 0;
  }

  /** How many requests there were that fit. */
  count(fits: (request: ProxiedRequest) => boolean): number {
    return this.requests.filter(fits).length;
  }

  /** Listens (again). */
  async listen(): Promise<void> {
    const server = createServer((incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch(() => outgoing.destroy());
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
  }

  /** Stops listening and cuts what is open: connections are then refused. */
  async refuse(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
    this.#agent.destroy();
  }

  #faultFor(request: ProxiedRequest): Fault | undefined {
    const found = this.#rules.find(({ rule, timesLeft }) => timesLeft > 0 && (rule.when?.(request) ?? true));
    if (found !== undefined) found.timesLeft -= 1;
    return found?.rule.fault;
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const seen = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      fault: undefined,
    };
    const fault = this.#faultFor(seen);
    this.requests.push({ ...seen, fault: fault?.kind });
    if (fault?.kind === 'reset') return void incoming.socket.resetAndDestroy();
    if (fault?.kind === 'stall') return void incoming.resume();
    if (fault?.kind === 'answer') return giveAnswer(fault, incoming, outgoing);
    const answer = await this.#forward(incoming);
    if (fault?.kind === 'loseAnswer') {
      for await (const _ of answer);
      return void incoming.socket.resetAndDestroy();
    }
    if (fault?.kind === 'delay') await sleep(fault.byMs);
    await passOn(answer, outgoing, fault);
  }

  async #forward(incoming: IncomingMessage): Promise<IncomingMessage> {
    const options: RequestOptions = {
      host: this.#target.hostname,
      port: this.#target.port,
      method: incoming.method,
      path: incoming.url,
      // The host as it was signed.
      headers: incoming.headers,
      agent: this.#agent,
    };
    const sent = sendRequest(options);
    incoming.on('error', () => sent.destroy());
    incoming.pipe(sent);
    const [answer]: [IncomingMessage] = await answered(sent);
    return answer;
  }
}

function answered(sent: ReturnType<typeof sendRequest>): Promise<[IncomingMessage]> {
  const { promise, resolve, reject } = Promise.withResolvers<[IncomingMessage]>();
  sent.once('response', (answer) => resolve([answer]));
  sent.on('error', reject);
  return promise;
}

async function giveAnswer(
  fault: Extract<Fault, { kind: 'answer' }>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  for await (const _ of incoming);
  outgoing.writeHead(fault.status, fault.headers);
  outgoing.end(incoming.method === 'HEAD' ? undefined : fault.body);
}

function headersFor(answer: IncomingMessage, fault: Fault | undefined): IncomingMessage['headers'] {
  const announced = Number(answer.headers['content-length']);
  if (fault?.kind !== 'shorten' || Number.isNaN(announced)) return answer.headers;
  return { ...answer.headers, 'content-length': String(Math.min(announced, fault.toBytes)) };
}

async function passOn(answer: IncomingMessage, outgoing: ServerResponse, fault: Fault | undefined): Promise<void> {
  outgoing.writeHead(answer.statusCode ?? 502, headersFor(answer, fault));
  outgoing.flushHeaders();
  let atByte = 0;
  for await (const piece of answer) {
    if (!Buffer.isBuffer(piece)) throw new TypeError('a body came as text');
    const goesOn = await passPiece(piece, atByte, outgoing, fault);
    if (!goesOn) return;
    atByte += piece.byteLength;
  }
  outgoing.end();
}

/** Passes on one piece of a body. False if that was the last. */
async function passPiece(
  piece: Buffer,
  atByte: number,
  outgoing: ServerResponse,
  fault: Fault | undefined,
): Promise<boolean> {
  const endByte = lastByteOf(fault);
  const kept = piece.subarray(0, Math.max(0, endByte - atByte));
  if (fault?.kind === 'alter' && fault.atByte >= atByte && fault.atByte < atByte + kept.byteLength)
    kept.writeUInt8(kept.readUInt8(fault.atByte - atByte) ^ 0xff, fault.atByte - atByte);
  if (fault?.kind === 'drip') await drip(kept, outgoing, fault);
  else await write(outgoing, kept);
  if (atByte + piece.byteLength < endByte || endByte === Number.POSITIVE_INFINITY) return !outgoing.destroyed;
  if (fault?.kind === 'shorten') outgoing.end();
  if (fault?.kind === 'cut') outgoing.socket?.resetAndDestroy();
  return false;
}

function lastByteOf(fault: Fault | undefined): number {
  if (fault?.kind === 'cut' || fault?.kind === 'stallBody') return fault.afterBytes;
  return fault?.kind === 'shorten' ? fault.toBytes : Number.POSITIVE_INFINITY;
}

async function drip(
  piece: Buffer,
  outgoing: ServerResponse,
  { bytes, everyMs }: Extract<Fault, { kind: 'drip' }>,
): Promise<void> {
  for (let at = 0; at < piece.byteLength && !outgoing.destroyed; at += bytes) {
    await write(outgoing, piece.subarray(at, at + bytes));
    await sleep(everyMs);
  }
}

/** Waits until the bytes are on their way, so that a cut comes after them. */
async function write(outgoing: ServerResponse, bytes: Buffer): Promise<void> {
  if (bytes.byteLength === 0 || outgoing.destroyed) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  outgoing.once('close', resolve);
  outgoing.write(bytes, () => resolve());
  await promise;
  outgoing.off('close', resolve);
}
