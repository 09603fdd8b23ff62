/**
 * The signature of requests to AWS's IAM, and to MinIO's administration, which takes the same.
 *
 * Source: AWS General Reference, "Signature Version 4 signing process".
 *
 * @module
 */

import { createHash, createHmac } from 'node:crypto';

import type { S3Credentials } from '../../storage/s3/s3-location.ts';
import type { HttpRequest } from '../../storage/send-request.ts';

/** What a signature is good for. */
export interface SigningScope {
  readonly service: 'iam' | 's3';
  readonly region: string;
  readonly now: Date;
}

const sha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (key: Uint8Array | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** Everything but letters, digits and `-._~`. */
export function percentEncoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);
}

function canonicalQuery(url: URL): string {
  return [...url.searchParams]
    .map(([name, value]) => `${percentEncoded(name)}=${percentEncoded(value)}`)
    .toSorted()
    .join('&');
}

/** The request with the headers that sign it. Names of headers in lower case. */
export function signRequest(request: HttpRequest, credentials: S3Credentials, scope: SigningScope): HttpRequest {
  const url = new URL(request.url);
  const time = scope.now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = time.slice(0, 8);
  const bodyHash = sha256(Buffer.concat([...(request.body ?? [])]));
  const signed: Record<string, string> = {
    ...request.headers,
    host: url.host,
    'x-amz-date': time,
    ...(scope.service === 's3' ? { 'x-amz-content-sha256': bodyHash } : {}),
    ...(credentials.sessionToken === undefined ? {} : { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(signed).toSorted();
  const headers = names.map((name) => `${name}:${(signed[name] ?? '').trim()}\n`).join('');
  const canonical = [request.method, url.pathname, canonicalQuery(url), headers, names.join(';'), bodyHash].join('\n');
  const place = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const toSign = ['AWS4-HMAC-SHA256', time, place, sha256(canonical)].join('\n');
  const key = [scope.region, scope.service, 'aws4_request'].reduce(
    hmac,
    hmac(`AWS4${credentials.secretAccessKey}`, day),
  );
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${place}, SignedHeaders=${names.join(';')}, Signature=${signature}`;
  return { ...request, headers: { ...signed, authorization } };
}
