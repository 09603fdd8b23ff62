/**
 * In front of fake-gcs-server, what that does not know of Google's protocol: tokens, how far an upload got, and objects
 * encrypted with a customer's key.
 *
 * Source: Cloud Storage, "Resumable uploads" (status check), "Customer-supplied encryption keys".
 *
 * @module
 */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { freePort } from './programs.ts';

interface UploadState {
  receivedBytes: number;
  finished: { readonly status: number; readonly body: Buffer } | undefined;
}

/** What the front asks of requests. */
export interface GcsFrontRules {
  /** The tokens that are good now; anybody may ask if not given. */
  readonly isGoodToken?: (token: string | undefined) => boolean;
}

async function bodyOf(message: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function refuse(response: ServerResponse, status: number, reason: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify({ error: { code: status, message, errors: [{ domain: 'global', reason, message }] } }));
}

/** The front. Disposing closes it. */
export class GcsFront implements AsyncDisposable {
  readonly endpoint: string;
  /** Requests whose token was not good. */
  refusedTokens = 0;
  readonly #target: string;
  readonly #rules: GcsFrontRules;
  readonly #server: Server;
  readonly #uploads = new Map<string, UploadState>();
  /** By path of the object: the key it was written with. */
  readonly #keys = new Map<string, string | undefined>();

  private constructor(target: string, rules: GcsFrontRules, port: number) {
    this.#target = target;
    this.#rules = rules;
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) =>
        response.destroy(Error.isError(error) ? error : undefined),
      );
    });
  }

  static async start(target: string, rules: GcsFrontRules = {}): Promise<GcsFront> {
    const port = await freePort();
    const front = new GcsFront(target, rules, port);
    front.#server.listen(port, '127.0.0.1');
    await once(front.#server, 'listening');
    return front;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bodyOf(request);
    const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
    if (this.#rules.isGoodToken?.(token) === false) {
      this.refusedTokens += 1;
      return refuse(response, 401, 'authError', 'Invalid Credentials');
    }
    const url = new URL(request.url ?? '', this.endpoint);
    const upload = this.#uploads.get(url.searchParams.get('upload_id') ?? '');
    if (upload !== undefined && request.method === 'DELETE') return void response.writeHead(499).end();
    if (upload !== undefined && request.headers['content-range']?.startsWith('bytes */') === true)
      return this.#tellHowFar(upload, response);
    if (!this.#fitsKey(request, url, body))
      return refuse(response, 400, 'customerEncryptionKeyIsIncorrect', 'wrong key');
    await this.#forward(request, response, body, upload);
  }

  #tellHowFar({ receivedBytes, finished }: UploadState, response: ServerResponse): void {
    if (finished !== undefined) {
      response.writeHead(finished.status, { 'content-type': 'application/json' });
      response.end(finished.body);
      return;
    }
    response.writeHead(308, receivedBytes === 0 ? {} : { range: `bytes=0-${receivedBytes - 1}` }).end();
  }

  /** Notes the key that an object is written with, and compares it with that of who reads. */
  #fitsKey({ headers, method }: IncomingMessage, { pathname, searchParams }: URL, body: Buffer): boolean {
    const sha256 = headers['x-goog-encryption-key-sha256'];
    const key = typeof sha256 === 'string' ? sha256 : undefined;
    if (pathname.startsWith('/upload/')) {
      const [, name] = /"name":"((?:[^"\\]|\\.)*)"/.exec(body.toString('latin1', 0, 2000)) ?? [];
      const bucket = pathname.replace('/upload', '').replace(/\/o$/, '');
      if (!searchParams.has('upload_id')) this.#keys.set(`${bucket}/o/${encodeURIComponent(name ?? '')}`, key);
      return true;
    }
    return method !== 'GET' || !this.#keys.has(pathname) || this.#keys.get(pathname) === key;
  }

  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    body: Buffer<ArrayBuffer>,
    upload: UploadState | undefined,
  ): Promise<void> {
    const { 'content-length': _length, connection: _connection, host: _host, ...headers } = request.headers;
    const answer = await fetch(`${this.#target}${request.url ?? ''}`, {
      method: request.method ?? 'GET',
      headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
      redirect: 'manual',
      ...(body.byteLength === 0 ? {} : { body }),
    });
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (upload !== undefined) this.#follow(upload, request, answer.status, bytes);
    const location = answer.headers.get('location');
    const [, id] = /upload_id=([^&]+)/.exec(location ?? '') ?? [];
    if (id !== undefined) this.#uploads.set(id, { receivedBytes: 0, finished: undefined });
    const passedOn = [...answer.headers].filter(
      ([name]) => !/^(content-length|transfer-encoding|connection|date)$/.test(name),
    );
    const host = request.headers.host ?? '';
    const given = Object.fromEntries(passedOn);
    if (location !== null) given['location'] = location.replace(/^http:\/\/[^/]+/, `http://${host}`);
    response.writeHead(answer.status, { ...given, 'content-length': String(bytes.byteLength) });
    response.end(bytes);
  }

  #follow(upload: UploadState, request: IncomingMessage, status: number, body: Buffer): void {
    const [, last] = /^bytes \d+-(\d+)\//.exec(request.headers['content-range'] ?? '') ?? [];
    if (status === 308 && last !== undefined) upload.receivedBytes = Number(last) + 1;
    if (status === 200) upload.finished = { status, body };
  }
}
