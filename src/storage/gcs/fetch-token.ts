/**
 * How a token is asked for, for each kind of credentials.
 *
 * Source: RFC 7523 (service accounts), RFC 6749 section 6 (a user's login), RFC 8693 (workload identity), IAM
 * Credentials API `generateAccessToken` (impersonation), https://google.aip.dev/auth/4115 (the metadata server).
 *
 * @module
 */

import { createSign } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import { propertyOf } from '../../base/unknown-value.ts';
import { readText, type HttpAnswer, type HttpRequest } from '../send-request.ts';
import type { GoogleCredentials, Impersonation, ServiceAccountKey, WorkloadIdentity } from './credentials-file.ts';
import { GcsError, isRetryable, readGcsError } from './gcs-error.ts';

/** What is good for some time. */
export interface Token {
  readonly text: string;
  /** In milliseconds since 1970, by this machine's clock. */
  readonly endsAtMs: number;
}

/** Sends a request. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

/** What a token is for: the objects of buckets, which an archive needs and no more. */
export const READ_AND_WRITE = 'https://www.googleapis.com/auth/devstorage.read_write';
/** Everything that its owner may. */
export const ANY = 'https://www.googleapis.com/auth/cloud-platform';
const LIFETIME_S = 3600;

/** The credentials are refused for what they are. @param found Google's words. */
function refused(found: string, cause: unknown): Failure {
  const isClock = /iat|exp|timeframe/.test(found);
  return new Failure('denied', {
    message: `cannot get a token for Google Cloud Storage: ${found}`,
    remedy: isClock ? "Set this machine's clock (NTP)." : 'Check the credentials; a key may have been revoked.',
    cause,
  });
}

async function answered(send: Send, request: HttpRequest): Promise<unknown> {
  const answer = await send(request);
  if (answer.status !== 200) {
    const error = await readGcsError(answer);
    throw isRetryable(error) ? error : refused(`${new URL(request.url).host} answered ${error.message}`, error);
  }
  const text = await readText(answer);
  try {
    return JSON.parse(text);
  } catch {
    throw new GcsError(502, 'badGateway', `${new URL(request.url).host} answered something that is no JSON`, {});
  }
}

function tokenOf(value: unknown, host: string): Token {
  const text = propertyOf(value, 'access_token') ?? propertyOf(value, 'accessToken');
  const seconds = propertyOf(value, 'expires_in');
  const until = propertyOf(value, 'expireTime');
  if (typeof text !== 'string' || text === '') throw refused(`the answer of ${host} holds no token`, undefined);
  if (typeof until === 'string') return { text, endsAtMs: Date.parse(until) };
  return { text, endsAtMs: Date.now() + (typeof seconds === 'number' ? seconds : LIFETIME_S) * 1000 };
}

async function post(send: Send, url: string, form: Record<string, string>): Promise<Token> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const body = [Buffer.from(new URLSearchParams(form).toString())];
  return tokenOf(await answered(send, { method: 'POST', url, headers, body }), new URL(url).host);
}

const inBase64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A statement of who asks, signed with the service account's key. */
function signedStatement(key: ServiceAccountKey, scope: string, nowS: number): string {
  const header = { alg: 'RS256', typ: 'JWT', ...(key.privateKeyId === undefined ? {} : { kid: key.privateKeyId }) };
  const claims = { iss: key.email, scope, aud: key.tokenUrl, iat: nowS, exp: nowS + LIFETIME_S };
  const signed = `${inBase64(header)}.${inBase64(claims)}`;
  try {
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key.privateKey, 'base64url')}`;
  } catch {
    throw refused(`the private key of ${key.email} cannot be used: it is no RSA key in PEM`, undefined);
  }
}

async function subjectToken({ subjectToken: { from, member } }: WorkloadIdentity, send: Send): Promise<string> {
  let text;
  if ('file' in from) {
    try {
      text = await readFile(from.file, 'utf8');
    } catch (error) {
      throw refused(`the token of the workload identity cannot be read: ${messageOf(error)}`, error);
    }
  } else {
    const answer = await send({ method: 'GET', url: from.url, headers: from.headers });
    if (answer.status !== 200) throw await readGcsError(answer);
    text = await readText(answer);
  }
  if (member === undefined) return text.trim();
  let found: unknown;
  try {
    found = propertyOf(JSON.parse(text), member);
  } catch {
    // Not quoted: it may be a token.
  }
  if (typeof found === 'string') return found;
  throw refused(`what should hold the token of the workload identity has no "${member}"`, undefined);
}

async function exchanged(identity: WorkloadIdentity, scope: string, send: Send): Promise<Token> {
  const token = await post(send, identity.tokenUrl, {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    audience: identity.audience,
    scope: identity.impersonationUrl === undefined ? scope : ANY,
    subject_token_type: identity.subjectTokenType,
    subject_token: await subjectToken(identity, send),
  });
  return identity.impersonationUrl === undefined ? token : asAnother(identity.impersonationUrl, [], token, scope, send);
}

async function asAnother(
  url: string,
  delegates: readonly string[],
  token: Token,
  scope: string,
  send: Send,
): Promise<Token> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token.text}` };
  const body = [Buffer.from(JSON.stringify({ scope: [scope], lifetime: `${LIFETIME_S}s`, delegates }))];
  return tokenOf(await answered(send, { method: 'POST', url, headers, body }), new URL(url).host);
}

/** The IAM Credentials API takes only a token that is good for all of it; the one that it gives is for `scope` alone. */
async function impersonated(
  { source, impersonationUrl, delegates }: Impersonation,
  scope: string,
  send: Send,
): Promise<Token> {
  return asAnother(impersonationUrl, delegates, await fetchToken(source, send, ANY), scope, send);
}

/** Asks for a token. @throws {Failure} `denied` if the credentials are refused. @throws {GcsError} to be tried again. */
export async function fetchToken(credentials: GoogleCredentials, send: Send, scope = READ_AND_WRITE): Promise<Token> {
  switch (credentials.type) {
    case 'serviceAccount':
      return post(send, credentials.tokenUrl, {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: signedStatement(credentials, scope, Math.floor(Date.now() / 1000)),
      });
    case 'user':
      return post(send, credentials.tokenUrl, {
        grant_type: 'refresh_token',
        client_id: credentials.clientId,
        client_secret: credentials.clientSecret,
        refresh_token: credentials.refreshToken,
      });
    case 'workloadIdentity':
      return exchanged(credentials, scope, send);
    case 'impersonation':
      return impersonated(credentials, scope, send);
  }
}

/** Asks the metadata server of the machine or pod. @param host `metadata.google.internal`, or another with its port. */
export async function fetchMachineToken(host: string, send: Send): Promise<Token> {
  const url = `http://${host}/computeMetadata/v1/instance/service-accounts/default/token`;
  return tokenOf(await answered(send, { method: 'GET', url, headers: { 'metadata-flavor': 'Google' } }), host);
}
