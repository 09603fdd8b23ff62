/**
 * The signature of a request by the account's key.
 *
 * Source: Azure Storage, "Authorize with Shared Key" (version 2015-02-21 and later).
 *
 * @module
 */

import { createHmac } from 'node:crypto';

import { Failure } from '../../base/failure.ts';
import type { HttpRequest } from '../send-request.ts';

/** The headers that are signed by their value alone, in this order; the date is in `x-ms-date` instead. */
const SIGNED = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
] as const;

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The key's bytes. @throws {Failure} `usage` if it is not in base64; what it is instead is not repeated. */
export function keyBytes(key: string): Buffer {
  const text = key.trim();
  if (text !== '' && BASE64.test(text)) return Buffer.from(text, 'base64');
  throw new Failure('usage', {
    message: 'cannot use the key of the Azure storage account: it is not in base64',
    remedy: 'Copy the key (key1 or key2) from "Access keys" of the account, all of it.',
  });
}

/** What is signed. */
export function stringToSign(account: string, { method, url, headers, body = [] }: HttpRequest): string {
  const { pathname, searchParams } = new URL(url);
  const sizeBytes = body.reduce((sum, piece) => sum + piece.byteLength, 0);
  const valueOf = (name: string): string =>
    name === 'content-length' ? (sizeBytes === 0 ? '' : String(sizeBytes)) : (headers[name] ?? '');
  const own = Object.entries(headers)
    .filter(([name]) => name.startsWith('x-ms-'))
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}:${value.trim()}\n`);
  const query = [...searchParams]
    .map(([name, value]): readonly [string, string] => [name.toLowerCase(), value])
    .toSorted(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `\n${name}:${value}`);
  return `${[method, ...SIGNED.map(valueOf)].join('\n')}\n${own.join('')}/${account}${pathname}${query.join('')}`;
}

/** The header that says who asks. `headers` must hold `x-ms-date` and `x-ms-version`, with names in lower case. */
export function sharedKeyHeader(account: string, key: Buffer, request: HttpRequest): string {
  const signature = createHmac('sha256', key).update(stringToSign(account, request), 'utf8').digest('base64');
  return `SharedKey ${account}:${signature}`;
}
