/**
 * A server that gives tokens as Google's do: it checks what it is shown, and each token is good for a while.
 *
 * @module
 */

import { createVerify, generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import { freePort } from './programs.ts';

const SUBJECT_TOKEN = 'the-pods-own-token';
const REFRESH_TOKEN = 'the-login';
const EMAIL = 'backup@shop.iam.gserviceaccount.com';
/** What a token must be for, to get another with it. */
const CLOUD_PLATFORM = 'https://www.googleapis.com/auth/cloud-platform';

async function textOf(message: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces).toString();
}

function fromBase64(part: string | undefined): Record<string, unknown> {
  const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** What a token is for: what was asked for, or, as for a person's login, everything that its owner may. */
function scopeOf(way: string, form: URLSearchParams): string {
  if (way === 'exchange') return form.get('scope') ?? '';
  if (way !== 'serviceAccount') return CLOUD_PLATFORM;
  return String(fromBase64(form.get('assertion')?.split('.')[1])['scope']);
}

/** The server. Disposing closes it. */
export class GoogleTokens implements AsyncDisposable {
  readonly endpoint: string;
  /** How long tokens say that they are good for. */
  lifetimeS = 3600;
  /** How many tokens each way has given: `serviceAccount`, `login`, `exchange`, `impersonation`, `machine`. */
  readonly given = new Map<string, number>();
  /** The tokens that are good, each with what it is for. */
  readonly #good = new Map<string, string>();
  readonly #keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #server: Server;

  private constructor(port: number) {
    this.endpoint = `http://127.0.0.1:${port}`;
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<GoogleTokens> {
    const port = await freePort();
    const tokens = new GoogleTokens(port);
    tokens.#server.listen(port, '127.0.0.1');
    await once(tokens.#server, 'listening');
    return tokens;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  isGood(token: string | undefined): boolean {
    return token !== undefined && this.#good.has(token);
  }

  /** Ends all tokens before their time. */
  endAll(): void {
    this.#good.clear();
  }

  /** What a service account's file holds. */
  serviceAccount(): Record<string, string> {
    const privateKey = this.#keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const tokenUri = `${this.endpoint}/token`;
    return { type: 'service_account', client_email: EMAIL, private_key: privateKey, token_uri: tokenUri };
  }

  login(): Record<string, string> {
    const uri = `${this.endpoint}/token`;
    const client = { client_id: 'gcloud', client_secret: 'not-so-secret', refresh_token: REFRESH_TOKEN };
    return { type: 'authorized_user', ...client, token_uri: uri };
  }

  /** Workload identity whose token is in a file, which {@link subjectToken} is to be written to. */
  workloadIdentity(tokenFile: string, isImpersonating: boolean): Record<string, unknown> {
    return {
      type: 'external_account',
      audience: '//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/k',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      token_url: `${this.endpoint}/exchange`,
      credential_source: { file: tokenFile },
      ...(isImpersonating ? { service_account_impersonation_url: this.impersonationUrl } : {}),
    };
  }

  get impersonationUrl(): string {
    return `${this.endpoint}/v1/projects/-/serviceAccounts/${EMAIL}:generateAccessToken`;
  }

  get subjectToken(): string {
    return SUBJECT_TOKEN;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await textOf(request);
    const form = new URLSearchParams(text);
    const way = this.#wayOf(request, form);
    const isFine = way !== undefined;
    response.writeHead(isFine ? 200 : 400, { 'content-type': 'application/json' });
    if (!isFine) {
      response.end(JSON.stringify({ error: 'invalid_grant', error_description: 'Invalid JWT Signature.' }));
      return;
    }
    this.given.set(way, (this.given.get(way) ?? 0) + 1);
    const token = randomUUID();
    this.#good.set(token, scopeOf(way, form));
    const expireTime = new Date(Date.now() + this.lifetimeS * 1000).toISOString();
    response.end(
      JSON.stringify(
        way === 'impersonation'
          ? { accessToken: token, expireTime }
          : { access_token: token, expires_in: this.lifetimeS },
      ),
    );
  }

  /** By which way somebody asks who may; `undefined` for who may not. */
  #wayOf({ url = '', headers }: IncomingMessage, form: URLSearchParams): string | undefined {
    if (url.endsWith('/service-accounts/default/token'))
      return headers['metadata-flavor'] === 'Google' ? 'machine' : undefined;
    if (url.endsWith(':generateAccessToken'))
      return this.#good.get(headers.authorization?.slice(7) ?? '') === CLOUD_PLATFORM ? 'impersonation' : undefined;
    if (url === '/exchange') return form.get('subject_token') === SUBJECT_TOKEN ? 'exchange' : undefined;
    if (form.get('grant_type') === 'refresh_token')
      return form.get('refresh_token') === REFRESH_TOKEN ? 'login' : undefined;
    return this.#isSigned(form.get('assertion') ?? '') ? 'serviceAccount' : undefined;
  }

  #isSigned(assertion: string): boolean {
    const [header, claims, signature] = assertion.split('.');
    const verify = createVerify('RSA-SHA256').update(`${header}.${claims}`);
    if (!verify.verify(this.#keys.publicKey, signature ?? '', 'base64url')) return false;
    const { iss, aud, iat, exp } = fromBase64(claims);
    const nowS = Date.now() / 1000;
    const isNow = typeof iat === 'number' && typeof exp === 'number' && Math.abs(iat - nowS) < 300 && exp - iat <= 3600;
    return iss === EMAIL && aud === `${this.endpoint}/token` && isNow && fromBase64(header)['alg'] === 'RS256';
  }
}
