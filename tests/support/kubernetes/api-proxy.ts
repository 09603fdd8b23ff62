/**
 * A proxy of a test's own before the real API server: what goes wrong between a tool and the server goes wrong here, for that
 * tool alone, and whoever tests sees each request before it is passed on and after it was.
 *
 * It listens without TLS on this machine's loopback, and has a token of its own, so that a login can end and be renewed.
 *
 * @module
 */

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request as sendRequest } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';

import { freePort } from '../programs.ts';
import type { Bed } from './bed.ts';

/** A request on its way. */
export interface ApiSight {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** As JSON; `undefined` if it has none. */
  readonly body: unknown;
  /** A program in a pod, or a forwarded port. */
  readonly isSocket: boolean;
  readonly isWatch: boolean;
}

/** What happens to a request. */
export type ApiFault =
  /** The connection is reset, and the server is not asked. */
  | { readonly kind: 'reset' }
  /** The server has done it; the connection is reset in place of the answer. */
  | { readonly kind: 'loseAnswer' }
  /** Another answer, and the server is not asked. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly reason: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** What streams (a watch, a log, a socket) is cut after so long. */
  | { readonly kind: 'cut'; readonly afterMs: number };

/** Who looks on. Either may take its time, and the request waits. */
export interface ApiWatcher {
  /** Before it is passed on. */
  readonly before?: (sight: ApiSight) => Promise<ApiFault | undefined> | ApiFault | undefined;
  /** The server has done it, and the answer has not been passed on. `lose`: it never is. */
  readonly after?: (sight: ApiSight) => Promise<'lose' | undefined> | 'lose' | undefined;
}

/** As the API server says it. */
function statusBody(status: number, reason: string): string {
  const message = `${reason} (said by a test)`;
  return JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code: status });
}

function parsed(bytes: Buffer): unknown {
  try {
    return bytes.byteLength === 0 ? undefined : JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

function sightOf({ method = '', url = '' }: IncomingMessage, body: unknown, isSocket: boolean): ApiSight {
  return { method, path: url, body, isSocket, isWatch: /[?&]watch=true/.test(url) };
}

/** The proxy. Disposing cuts what is open. */
export class ApiProxy implements AsyncDisposable {
  readonly server: string;
  /** The login that it accepts; another one is answered 401. */
  token = 'first';
  /** What the test does with requests. */
  watcher: ApiWatcher = {};
  readonly #port: number;
  readonly #agent: Agent;
  readonly #ca: string;
  readonly #sockets = new Set<Duplex>();
  #listening: Server | undefined;

  private constructor(port: number, ca: string) {
    this.#port = port;
    this.#ca = ca;
    this.#agent = new Agent({ keepAlive: true, ca });
    this.server = `http://127.0.0.1:${port}`;
  }

  /** Starts one before the bed's API server, as its administrator. */
  static async start(bed: Bed): Promise<ApiProxy> {
    const proxy = new ApiProxy(await freePort(), await readFile(join(bed.state, 'pki/ca.crt'), 'utf8'));
    await proxy.listen();
    return proxy;
  }

  /** A kubeconfig with this login. */
  kubeconfig(token: string): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'bed', cluster: { server: this.server } }],
      users: [{ name: 'operator', user: { token } }],
      contexts: [{ name: 'proxied', context: { cluster: 'bed', user: 'operator' } }],
      'current-context': 'proxied',
    });
  }

  /** Listens (again). */
  async listen(): Promise<void> {
    if (this.#listening !== undefined) return;
    const server = createServer((incoming, outgoing) => {
      this.#serve(incoming, outgoing).catch(() => outgoing.destroy());
    });
    server.on('upgrade', (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#upgrade(incoming, socket, head).catch(() => socket.destroy());
    });
    server.on('connection', (socket: Socket) => this.#keep(socket));
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#listening = server;
  }

  /** Stops listening and cuts what is open: connections are then refused. */
  async refuse(): Promise<void> {
    const server = this.#listening;
    this.#listening = undefined;
    if (server === undefined) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.refuse();
    this.#agent.destroy();
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }

  async #serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    for await (const piece of incoming as AsyncIterable<Buffer>) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    const sight = sightOf(incoming, parsed(bytes), false);
    const fault = this.#refusal(incoming) ?? (await this.watcher.before?.(sight));
    if (fault?.kind === 'reset') return void incoming.socket.destroy();
    if (fault?.kind === 'answer') {
      outgoing.writeHead(fault.status, { 'content-type': 'application/json', ...fault.headers });
      return void outgoing.end(statusBody(fault.status, fault.reason));
    }
    const answer = await this.#asked(incoming, bytes);
    const isLost = (await this.watcher.after?.(sight)) === 'lose' || fault?.kind === 'loseAnswer';
    if (isLost) {
      answer.destroy();
      return void incoming.socket.destroy();
    }
    if (fault?.kind === 'cut') setTimeout(() => incoming.socket.destroy(), fault.afterMs);
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    outgoing.flushHeaders();
    outgoing.once('close', () => answer.destroy());
    answer.on('error', () => outgoing.destroy());
    answer.pipe(outgoing);
  }

  async #upgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const sight = sightOf(incoming, undefined, true);
    const fault = this.#refusal(incoming) ?? (await this.watcher.before?.(sight));
    if (fault?.kind === 'reset') return void socket.destroy();
    if (fault?.kind === 'answer') {
      return void socket.end(
        `HTTP/1.1 ${fault.status} ${fault.reason}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
      );
    }
    const sent = sendRequest(this.#options(incoming, false));
    const { promise, resolve, reject } =
      Promise.withResolvers<readonly [IncomingMessage, Duplex | undefined, Buffer?]>();
    sent.once('upgrade', (answer: IncomingMessage, far: Duplex, farHead: Buffer) => resolve([answer, far, farHead]));
    sent.once('response', (answer: IncomingMessage) => resolve([answer, undefined]));
    sent.on('error', reject);
    sent.end();
    const [answer, far, farHead] = await promise;
    const lines = [`HTTP/1.1 ${answer.statusCode ?? 502} ${answer.statusMessage ?? ''}`];
    for (let at = 0; at < answer.rawHeaders.length; at += 2)
      lines.push(`${answer.rawHeaders[at] ?? ''}: ${answer.rawHeaders[at + 1] ?? ''}`);
    if (far === undefined) {
      answer.resume();
      return void socket.end(`${lines.join('\r\n')}\r\n\r\n`);
    }
    this.#keep(far);
    if ((await this.watcher.after?.(sight)) === 'lose' || fault?.kind === 'loseAnswer') {
      far.destroy();
      return void socket.destroy();
    }
    if (fault?.kind === 'cut') setTimeout(() => far.destroy(), fault.afterMs);
    socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    // What came with the head of either side is of the stream already.
    if (farHead !== undefined) socket.write(farHead);
    far.write(head);
    far.pipe(socket).pipe(far);
    far.once('close', () => socket.destroy());
    socket.once('close', () => far.destroy());
  }

  #refusal({ headers }: IncomingMessage): ApiFault | undefined {
    const isAccepted = headers.authorization === `Bearer ${this.token}`;
    return isAccepted ? undefined : { kind: 'answer', status: 401, reason: 'Unauthorized' };
  }

  #options({ method, url, headers }: IncomingMessage, keepsAlive: boolean) {
    return {
      host: '10.123.0.2',
      port: 6443,
      method,
      path: url,
      headers: { ...headers, host: '10.123.0.2:6443', authorization: 'Bearer admin-token' },
      ...(keepsAlive ? { agent: this.#agent } : { ca: this.#ca, agent: false }),
    } as const;
  }

  async #asked(incoming: IncomingMessage, bytes: Buffer): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const sent = sendRequest(this.#options(incoming, true), resolve);
    sent.on('error', reject);
    sent.end(bytes);
    return promise;
  }
}
