/**
 * A server that gives tokens as Azure's do, and takes them as Azure Blob Storage does: it checks what it is shown.
 *
 * It is Entra, the metadata server of virtual machines, the endpoint of App Service and the agent of Azure Arc at once, each
 * at its own path; blobs of one container are in its memory. Sent through it as a proxy, requests are answered as well.
 *
 * @module
 */

import { constants, randomUUID, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { makeCertificate, type MadeCertificate } from './made-certificate.ts';

export const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47';
export const CLIENT = '8bd004e6-65ac-4c36-8d1f-7f0a7e9b6c1f';
export const CLIENT_SECRET = 'hunter2+/=~ of the application';
export const FEDERATED_TOKEN = 'hunter2.of.kubernetes';
export const SERVICE_HEADER = 'hunter2-of-app-service';
export const ARC_KEY = 'hunter2-of-arc';
const RESOURCE = 'https://storage.azure.com/';
const STATEMENT = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** Who gave a token. */
export type Way = 'secret' | 'certificate' | 'federatedToken' | 'machine' | 'appService' | 'arc';

/** What is answered in place of what would be. */
export interface Trouble {
  readonly status: number;
  readonly text: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function bytesOf(message: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function inBase64(part: string | undefined): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The server. Disposing closes it. */
export class AzureTokens implements AsyncDisposable {
  /** How long tokens say that they are good for. */
  lifetimeS = 3600;
  /** What the next requests for tokens meet, one each. */
  readonly troubles: Trouble[] = [];
  /** How many tokens each way has given. */
  readonly given = new Map<Way, number>();
  /** The path of the key file that the agent of Arc names. */
  arcKeyFile = '';
  /** What came through this server as a proxy. */
  readonly proxied: string[] = [];
  readonly blobs = new Map<string, Buffer>();
  readonly #good = new Set<string>();
  readonly #server: Server;
  #certificate: MadeCertificate | undefined;

  private constructor() {
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<AzureTokens> {
    const tokens = new AzureTokens();
    tokens.#server.listen(0, '127.0.0.1');
    await once(tokens.#server, 'listening');
    return tokens;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** The certificate of the application, which is made when it is needed. */
  get certificate(): MadeCertificate {
    this.#certificate ??= makeCertificate();
    return this.#certificate;
  }

  get endpoint(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  /** A token of another's giving, which the store takes: that of `az`. */
  take(token: string): void {
    this.#good.add(token);
  }

  /** Ends all tokens before their time. */
  endAll(): void {
    this.#good.clear();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request);
    const url = new URL(request.url ?? '', this.endpoint);
    if (request.url?.startsWith('http') === true) this.proxied.push(url.pathname);
    if (url.pathname.startsWith('/account/')) return this.#serveBlob(url.pathname, request, body, response);
    const trouble = this.troubles.shift();
    if (trouble !== undefined) {
      response.writeHead(trouble.status, trouble.headers ?? {}).end(trouble.text);
      return;
    }
    if (url.pathname === '/arc/token' && request.headers.authorization === undefined) {
      response.writeHead(401, { 'www-authenticate': `Basic realm=${this.arcKeyFile}` }).end();
      return;
    }
    const way = this.#wayOf(url, request, new URLSearchParams(body.toString()));
    response.writeHead(way === undefined ? 401 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(way === undefined ? refusal(request, body) : this.#give(way)));
  }

  #give(way: Way): Record<string, unknown> {
    this.given.set(way, (this.given.get(way) ?? 0) + 1);
    const token = randomUUID();
    this.#good.add(token);
    const endsAtS = Math.floor(Date.now() / 1000) + this.lifetimeS;
    // Entra has numbers, the others have text; App Service has no `expires_in`.
    if (way === 'appService') return { access_token: token, expires_on: String(endsAtS), resource: RESOURCE };
    if (way === 'machine' || way === 'arc')
      return { access_token: token, expires_in: String(this.lifetimeS), expires_on: String(endsAtS) };
    return { access_token: token, expires_in: this.lifetimeS, token_type: 'Bearer' };
  }

  /** By which way somebody asks who may; `undefined` for who may not. */
  #wayOf(
    { pathname, searchParams }: URL,
    { method, headers }: IncomingMessage,
    form: URLSearchParams,
  ): Way | undefined {
    if (pathname === `/${TENANT}/oauth2/v2.0/token`) return method === 'POST' ? this.#applicationWay(form) : undefined;
    const isForUs = method === 'GET' && searchParams.get('resource') === RESOURCE;
    const isOurs = (searchParams.get('client_id') ?? CLIENT) === CLIENT;
    const version = searchParams.get('api-version');
    if (!isForUs || !isOurs) return undefined;
    if (pathname === '/metadata/identity/oauth2/token')
      return headers['metadata'] === 'true' && version === '2018-02-01' ? 'machine' : undefined;
    if (pathname === '/msi/token')
      return headers['x-identity-header'] === SERVICE_HEADER && version === '2019-08-01' ? 'appService' : undefined;
    const isArc = pathname === '/arc/token' && headers['metadata'] === 'true' && version === '2020-06-01';
    return isArc && headers.authorization === `Basic ${ARC_KEY}` ? 'arc' : undefined;
  }

  #applicationWay(form: URLSearchParams): Way | undefined {
    const isAsked = form.get('grant_type') === 'client_credentials' && form.get('scope') === `${RESOURCE}.default`;
    if (!isAsked || form.get('client_id') !== CLIENT) return undefined;
    if (form.has('client_secret')) return form.get('client_secret') === CLIENT_SECRET ? 'secret' : undefined;
    if (form.get('client_assertion_type') !== STATEMENT) return undefined;
    const assertion = form.get('client_assertion') ?? '';
    if (assertion === FEDERATED_TOKEN) return 'federatedToken';
    return this.#isSigned(assertion) ? 'certificate' : undefined;
  }

  #isSigned(assertion: string): boolean {
    const [header, claims, signature = ''] = assertion.split('.');
    const { publicKey, sha256 } = this.certificate;
    const key = { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    if (!verify('sha256', Buffer.from(`${header}.${claims}`), key, Buffer.from(signature, 'base64url'))) return false;
    const { alg, typ, 'x5t#S256': thumbprint } = inBase64(header);
    const { aud, iss, sub, nbf, exp, jti } = inBase64(claims);
    const nowS = Date.now() / 1000;
    const isNow = typeof nbf === 'number' && typeof exp === 'number' && Math.abs(nbf - nowS) < 300 && exp > nowS;
    const isOurs = aud === `${this.endpoint}/${TENANT}/oauth2/v2.0/token` && iss === CLIENT && sub === CLIENT;
    return isNow && isOurs && alg === 'PS256' && typ === 'JWT' && thumbprint === sha256 && typeof jti === 'string';
  }

  #serveBlob(path: string, request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ');
    const answer = (status: number, code: string, content: Buffer = Buffer.alloc(0)): void => {
      const head = { etag: '"1"', 'last-modified': new Date(0).toUTCString(), 'content-length': content.byteLength };
      response.writeHead(status, status < 300 ? head : { 'x-ms-error-code': code, 'content-length': 0 });
      response.end(request.method === 'HEAD' ? undefined : content);
    };
    if (scheme !== 'Bearer' || !this.#good.has(token)) return answer(401, 'InvalidAuthenticationInfo');
    if (request.method === 'PUT') {
      this.blobs.set(path, body);
      return answer(201, '');
    }
    const found = this.blobs.get(path);
    return found === undefined ? answer(404, 'BlobNotFound') : answer(200, '', found);
  }
}

/** Entra's form of a refusal, which here repeats all that was shown: no server should, and no message of ours may. */
function refusal({ headers }: IncomingMessage, body: Buffer): Record<string, unknown> {
  const form = Object.fromEntries(new URLSearchParams(body.toString()));
  const shown = JSON.stringify({ ...form, header: headers['x-identity-header'], authorization: headers.authorization });
  return { error: 'invalid_client', error_description: `AADSTS7000215: not accepted: ${shown} ${body.toString()}` };
}
