/**
 * In front of fake-gcs-server, what no emulator has: service accounts and their keys, tokens for them, the settings and
 * policies of buckets, and the refusal of what an account may not do. It follows Google's documentation, and is not Google.
 *
 * Source: IAM API v1 ("projects.serviceAccounts"), Cloud Storage JSON API ("Buckets", "getIamPolicy", "setIamPolicy"),
 * RFC 7523 (tokens).
 *
 * @module
 */

import { createVerify, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';

import { listen, type Listening, type ListeningPlace } from './listening.ts';

type Fields = Record<string, unknown>;

interface Key {
  readonly id: string;
  readonly email: string;
  readonly publicKey: ReturnType<typeof generateKeyPairSync>['publicKey'];
}

interface Caller {
  readonly email: string;
  readonly scope: string;
}

interface Policy extends Fields {
  readonly etag: string;
  readonly bindings: { readonly role: string; readonly members: readonly string[] }[];
}

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const ADMIN = 'admin@shop.iam.gserviceaccount.com';
const READS = ['roles/storage.objectViewer', 'roles/storage.objectUser', 'roles/storage.legacyBucketReader'];
/** The server behind keeps versions, and forgets that with every change that does not say it again. */
const KEPT = ['iamConfiguration', 'lifecycle', 'softDeletePolicy', 'location', 'versioning'] as const;

async function bytesOf(message: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const pieces: Buffer[] = [];
  for await (const piece of message) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

function parsed(text: string): Fields {
  const value: unknown = text === '' ? {} : JSON.parse(text);
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

/** The front. Disposing closes it; the server behind stays. */
export class GoogleCloud implements AsyncDisposable {
  /** Permissions that nobody has. */
  readonly denied = new Set<string>();
  /** Requests that changed something: method and path. */
  readonly changes: string[] = [];
  /** The settings of buckets that the server behind does not keep. */
  readonly settings = new Map<string, Fields>();
  readonly policies = new Map<string, Policy>();
  readonly #target: string;
  #server: Listening | undefined;
  readonly #accounts = new Set<string>([ADMIN]);
  readonly #keys = new Map<string, Key>();
  readonly #tokens = new Map<string, { readonly email: string; readonly scope: string; readonly key: string }>();

  private constructor(target: string) {
    this.#target = target;
  }

  get endpoint(): string {
    return this.#server?.endpoint ?? '';
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    this.#serve(request, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500;
      const reason = status === 403 ? 'forbidden' : 'conflict';
      const message = String(error instanceof Error ? error.message : error);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { code: status, message, errors: [{ reason, message }] } }));
    });
  }

  /** Every key is deleted, as by hand in the console; the administrator's stays. */
  deleteKeys(): void {
    for (const [id, { email }] of this.#keys) if (email !== ADMIN) this.#keys.delete(id);
  }

  /** Elsewhere than on this machine itself it needs a certificate: a key of an account is sent to nobody without TLS. */
  static async start(target: string, place: ListeningPlace = {}): Promise<GoogleCloud> {
    const cloud = new GoogleCloud(target);
    cloud.#server = await listen(place, (request, response) => cloud.#answer(request, response));
    return cloud;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
  }

  /** A key of somebody who may do everything, as a file of credentials holds it. */
  adminKey(): string {
    return this.#newKey(ADMIN);
  }

  #newKey(email: string): string {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const id = randomUUID().replaceAll('-', '');
    this.#keys.set(id, { id, email, publicKey });
    return JSON.stringify({
      type: 'service_account',
      project_id: 'shop',
      private_key_id: id,
      private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
      client_email: email,
      token_uri: `${this.endpoint}/token`,
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await bytesOf(request);
    const url = new URL(request.url ?? '', this.endpoint);
    const method = request.method ?? 'GET';
    const answer = (value: Fields): void => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    };
    if (url.pathname === '/token') return answer(this.#token(new URLSearchParams(body.toString())));
    const caller = this.#callerOf(request);
    const accounts = /^\/v1\/projects\/shop\/serviceAccounts(?:\/([^/]+))?(\/keys)?(?:\/([^/]+))?$/.exec(url.pathname);
    const bucket = /^\/storage\/v1\/b(?:\/([^/]+))?(\/iam)?$/.exec(url.pathname);
    if (method !== 'GET' && (accounts ?? bucket) !== null) this.changes.push(`${method} ${url.pathname}`);
    if (accounts !== null) {
      const [, email, keys, id] = accounts.map((part) => (part === undefined ? part : decodeURIComponent(part)));
      return answer(
        keys === undefined
          ? this.#account(caller, method, email, parsed(body.toString()))
          : this.#key(caller, method, email ?? '', id),
      );
    }
    if (bucket?.[2] !== undefined)
      return answer(this.#policy(caller, method, bucket[1] ?? '', parsed(body.toString())));
    await this.#forward(caller, request, response, { url, body, bucket: bucket?.[1], isBucket: bucket !== null });
  }

  #callerOf(request: IncomingMessage) {
    const [, token] = /^Bearer (\S+)$/.exec(request.headers.authorization ?? '') ?? [];
    const caller = this.#tokens.get(token ?? '');
    if (caller === undefined || !this.#keys.has(caller.key)) throw new Refusal(401, 'Invalid Credentials');
    return caller;
  }

  #token(form: URLSearchParams): Fields {
    const [header = '', claims = '', signature = ''] = (form.get('assertion') ?? '').split('.');
    const key = this.#keys.get(String(parsed(Buffer.from(header, 'base64url').toString())['kid']));
    const said = parsed(Buffer.from(claims, 'base64url').toString());
    const verify = createVerify('RSA-SHA256').update(`${header}.${claims}`);
    if (key === undefined || said['iss'] !== key.email || !verify.verify(key.publicKey, signature, 'base64url'))
      throw new Refusal(400, 'Invalid JWT Signature.');
    const token = randomUUID();
    this.#tokens.set(token, { email: key.email, scope: String(said['scope']), key: key.id });
    return { access_token: token, expires_in: 3600 };
  }

  /** Administration needs the wide scope too. */
  #need(caller: Caller, permission: string): void {
    const isAdmin = caller.email === ADMIN && caller.scope.endsWith('/cloud-platform');
    if (!isAdmin || this.denied.has(permission))
      throw new Refusal(403, `Permission '${permission}' denied on resource (or it may not exist).`);
  }

  #account(caller: Caller, method: string, email: string | undefined, body: Fields): Fields {
    if (method === 'POST') {
      this.#need(caller, 'iam.serviceAccounts.create');
      const made = `${String(body['accountId'])}@shop.iam.gserviceaccount.com`;
      if (this.#accounts.has(made)) throw new Refusal(409, 'Service account already exists');
      this.#accounts.add(made);
      return { email: made };
    }
    this.#need(caller, 'iam.serviceAccounts.get');
    if (!this.#accounts.has(email ?? '')) throw new Refusal(404, 'Unknown service account');
    return { email };
  }

  #key(caller: Caller, method: string, email: string, id: string | undefined): Fields {
    if (!this.#accounts.has(email)) throw new Refusal(404, 'Unknown service account');
    const name = (key: string): string => `projects/shop/serviceAccounts/${email}/keys/${key}`;
    if (method === 'POST') {
      this.#need(caller, 'iam.serviceAccountKeys.create');
      return { privateKeyData: Buffer.from(this.#newKey(email)).toString('base64') };
    }
    if (method === 'DELETE') {
      this.#need(caller, 'iam.serviceAccountKeys.delete');
      this.#keys.delete(id ?? '');
      return {};
    }
    this.#need(caller, 'iam.serviceAccountKeys.list');
    return {
      keys: [...this.#keys.values()].filter((key) => key.email === email).map((key) => ({ name: name(key.id) })),
    };
  }

  #policy(caller: Caller, method: string, bucket: string, body: Fields): Fields {
    const found = this.policies.get(bucket) ?? { etag: 'first', bindings: [] };
    this.#need(caller, method === 'PUT' ? 'storage.buckets.setIamPolicy' : 'storage.buckets.getIamPolicy');
    if (method !== 'PUT') return found;
    if (body['etag'] !== found.etag) throw new Refusal(412, 'The etag does not match');
    const bindings = body['bindings'] as Policy['bindings'];
    for (const member of bindings.flatMap(({ members }) => members))
      if (member.startsWith('serviceAccount:') && !this.#accounts.has(member.slice(15)))
        throw new Refusal(400, `Service account ${member} does not exist.`);
    const set: Policy = { ...body, bindings, etag: randomUUID() };
    this.policies.set(bucket, set);
    return set;
  }

  /** Objects, by what the policy of the bucket says; buckets, with what the server behind does not keep. */
  async #forward(
    caller: Caller,
    request: IncomingMessage,
    response: ServerResponse,
    {
      url,
      body,
      bucket,
      isBucket,
    }: { url: URL; body: Buffer<ArrayBuffer>; bucket: string | undefined; isBucket: boolean },
  ): Promise<void> {
    const method = request.method ?? 'GET';
    const isRead = method === 'GET';
    if (isBucket && !(isRead && this.#may(caller.email, bucket ?? '', READS)))
      this.#need(caller, `storage.buckets.${isRead ? 'get' : method === 'POST' ? 'create' : 'update'}`);
    const ofObject = /\/b\/([^/]+)\/o/.exec(url.pathname)?.[1];
    if (ofObject !== undefined && !this.#may(caller.email, ofObject, isRead ? READS : ['roles/storage.objectUser']))
      throw new Refusal(403, `${caller.email} does not have storage.objects access to ${url.pathname}`);
    const sent = isBucket && method === 'PATCH' ? this.#saidAgain(bucket ?? '', body) : body;
    const {
      'content-length': _length,
      connection: _connection,
      host: _host,
      authorization: _own,
      ...headers
    } = request.headers;
    const answer = await fetch(`${this.#target}${request.url ?? ''}`, {
      method,
      headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
      redirect: 'manual',
      ...(sent.byteLength === 0 ? {} : { body: sent }),
    });
    let bytes = Buffer.from(await answer.arrayBuffer());
    if (isBucket && answer.ok)
      bytes = Buffer.from(JSON.stringify(this.#withSettings(parsed(bytes.toString()), method, body)));
    const passedOn = [...answer.headers].filter(
      ([name]) => !/^(content-length|transfer-encoding|connection|date)$/.test(name),
    );
    const location = answer.headers.get('location')?.replace(/^http:\/\/[^/]+/, this.endpoint);
    response.writeHead(answer.status, {
      ...Object.fromEntries(passedOn),
      ...(location === undefined ? {} : { location }),
      'content-length': String(bytes.byteLength),
    });
    response.end(bytes);
  }

  #saidAgain(bucket: string, body: Buffer): Buffer<ArrayBuffer> {
    const { versioning } = this.settings.get(bucket) ?? {};
    const given = parsed(body.toString());
    return Buffer.from(JSON.stringify({ ...(versioning === undefined ? {} : { versioning }), ...given }));
  }

  #withSettings(found: Fields, method: string, body: Buffer): Fields {
    const name = String(found['name']);
    const given = method === 'GET' ? {} : parsed(body.toString());
    const kept = Object.fromEntries(KEPT.filter((one) => given[one] !== undefined).map((one) => [one, given[one]]));
    this.settings.set(name, { ...this.settings.get(name), ...kept });
    return { ...found, ...this.settings.get(name) };
  }

  #may(email: string, bucket: string, roles: readonly string[]): boolean {
    const bindings = this.policies.get(bucket)?.bindings ?? [];
    return bindings.some(({ role, members }) => roles.includes(role) && members.includes(`serviceAccount:${email}`));
  }
}
