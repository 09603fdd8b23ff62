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

import { messageOf } from '../../base/failure.ts';
import type { AzureApplication } from './azure-location.ts';
import { ask, STORAGE_RESOURCE, tokenIn, type Send, type Token } from './token-answer.ts';
import { noToken } from './token-failure.ts';

const AUTHORITY = 'https://login.microsoftonline.com';
const STATEMENT_S = 600;
const NEAR = new Set(['localhost', '127.0.0.1', '[::1]']);

/** The address of an authority, which Azure's tools also take as a bare host. A secret is not sent without TLS. */
function authorityUrl(authority: string): string {
  const url = URL.parse(authority.includes('://') ? authority : `https://${authority}`);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && NEAR.has(url.hostname));
  if (url !== null && isSafe && url.username === '' && url.search === '') return url.href.replace(/\/+$/, '');
  throw noToken('address', 'the authority that is set (AZURE_AUTHORITY_HOST) is no https address');
}

async function readProof(file: string, what: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw noToken('application', `the ${what} cannot be read: ${messageOf(error)}`, error);
  }
  if (text === '') throw noToken('application', `the file of the ${what} is empty: ${file}`);
  return text;
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
    throw noToken(
      'application',
      'the certificate file does not hold a certificate and its RSA key, without a passphrase, in PEM',
      error,
    );
  }
}

async function assertionOf({ proof, clientId }: AzureApplication, url: string): Promise<string> {
  if (proof.kind === 'federatedToken') return readProof(proof.file, 'federated token');
  if (proof.kind === 'secret') throw new TypeError('a secret is no assertion');
  const pem = await readProof(proof.file, 'certificate');
  return signedStatement(pem, clientId, url, Math.floor(Date.now() / 1000));
}

/** Asks Entra for a token. @throws {Failure} `denied` if it is refused. @throws {TokenGiverAway} to be tried again. */
export async function fetchApplicationToken(application: AzureApplication, send: Send): Promise<Token> {
  const { tenantId, clientId, proof, authority = AUTHORITY } = application;
  const url = `${authorityUrl(authority)}/${encodeURIComponent(tenantId)}/oauth2/v2.0/token`;
  const shown = proof.kind === 'secret' ? proof.secret : await assertionOf(application, url);
  const proven: Record<string, string> =
    proof.kind === 'secret'
      ? { client_secret: shown }
      : {
          client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
          client_assertion: shown,
        };
  const form = {
    grant_type: 'client_credentials',
    client_id: clientId,
    scope: `${STORAGE_RESOURCE}.default`,
    ...proven,
  };
  const headers = { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' };
  const body = [Buffer.from(new URLSearchParams(form).toString())];
  const request = { method: 'POST', url, headers, body } as const;
  const question = { whose: 'application', send, request, secrets: [shown] } as const;
  return tokenIn(await ask(question), question);
}
