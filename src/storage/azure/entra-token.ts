/**
 * Tokens for an application that is registered with Entra: by its secret, its certificate, or a token of another issuer.
 *
 * Source: Microsoft identity platform, "OAuth 2.0 client credentials flow", "Certificate credentials", "Workload identity
 * federation"; RFC 7523.
 *
 * @module
 */

import { createHash, createSign, randomUUID, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import { readText, type HttpAnswer, type HttpRequest } from '../send-request.ts';
import { AzureError, readAzureError } from './azure-error.ts';
import type { AzureApplication } from './azure-location.ts';

/** Sends a request without a token. */
export type Send = (request: HttpRequest) => Promise<HttpAnswer>;

/** A token that Azure takes for a while. */
export interface Token {
  readonly text: string;
  readonly endsAtMs: number;
}

/** What tokens are asked for. */
export const STORAGE_RESOURCE = 'https://storage.azure.com/';
const AUTHORITY = 'https://login.microsoftonline.com';
const STATEMENT_S = 600;

/** The failure of credentials that were refused, or cannot be used. */
export function noToken(found: string, cause?: unknown): Failure {
  return new Failure('denied', {
    message: `cannot get a token for Azure: ${found}`,
    remedy: 'Check the tenant, the application (client id) and its secret, certificate or federated token.',
    cause,
  });
}

function numberOf(value: unknown): number | undefined {
  const number = typeof value === 'string' || typeof value === 'number' ? Number(value) : Number.NaN;
  return Number.isFinite(number) && number > 0 ? number : undefined;
}

/** The token in an answer of Entra's or of a metadata server. @throws {AzureError} to be tried again. */
export async function tokenOf(answer: HttpAnswer, who: string, nowMs: number): Promise<Token> {
  if (answer.status !== 200) throw await refusal(answer, who);
  const text = await readText(answer);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No answer of theirs: see below. Not quoted, as a token may be in it.
  }
  const member = (name: string): unknown =>
    typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  const token = member('access_token');
  if (typeof token !== 'string' || token === '') throw noToken(`the answer of ${who} has no token in it`);
  const atS = numberOf(member('expires_on'));
  const inS = numberOf(member('expires_in'));
  // App Service once gave a date in words, which is no number: an hour is what all of them give at least.
  return { text: token, endsAtMs: atS === undefined ? nowMs + (inS ?? 3600) * 1000 : atS * 1000 };
}

async function refusal(answer: HttpAnswer, who: string): Promise<Error> {
  const error = await readAzureError(answer);
  const isFinal = error.status === 400 || error.status === 401 || error.status === 403;
  return isFinal ? noToken(`${who} answered ${error.status} ${error.code}: ${error.message}`, error) : error;
}

async function readProof(file: string, what: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw noToken(`the ${what} cannot be read: ${messageOf(error)}`, error);
  }
}

const inBase64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A statement of who asks, signed with the certificate's key. */
function signedStatement(pem: string, clientId: string, audience: string, nowS: number): string {
  try {
    const { raw } = new X509Certificate(pem);
    const header = {
      alg: 'PS256',
      typ: 'JWT',
      'x5t#S256': createHash('sha256').update(raw).digest('base64url'),
    };
    const claims = {
      aud: audience,
      iss: clientId,
      sub: clientId,
      jti: randomUUID(),
      nbf: nowS,
      exp: nowS + STATEMENT_S,
    };
    const signed = `${inBase64(header)}.${inBase64(claims)}`;
    const key = { key: pem, padding: 6, saltLength: 32 };
    return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
  } catch (error) {
    throw noToken('the certificate file does not hold a certificate and its RSA key in PEM', error);
  }
}

async function assertionOf({ proof, clientId }: AzureApplication, url: string): Promise<string> {
  if (proof.kind === 'federatedToken') return readProof(proof.file, 'federated token');
  if (proof.kind === 'secret') throw new TypeError('a secret is no assertion');
  const pem = await readProof(proof.file, 'certificate');
  return signedStatement(pem, clientId, url, Math.floor(Date.now() / 1000));
}

/** Asks Entra for a token. @throws {Failure} `denied` if it is refused. @throws {AzureError} to be tried again. */
export async function fetchApplicationToken(application: AzureApplication, send: Send): Promise<Token> {
  const { tenantId, clientId, proof, authority = AUTHORITY } = application;
  const url = `${authority.replace(/\/+$/, '')}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`;
  const proven: Record<string, string> =
    proof.kind === 'secret'
      ? { client_secret: proof.secret }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: await assertionOf(application, url),
        };
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    scope: `${STORAGE_RESOURCE}.default`,
    ...proven,
  };
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const body = [Buffer.from(new URLSearchParams(form).toString())];
  const answer = await send({ method: 'POST', url, headers, body });
  return tokenOf(answer, new URL(url).host, Date.now());
}

/** True if a thrown error is an answer, not a network that is away. */
export function isAnswer(error: unknown): error is AzureError {
  return error instanceof AzureError;
}
