/**
 * What the SDK throws, read with care: some of it is the store's answer, some the network's, some the SDK's own.
 *
 * @module
 */

import { propertyOf } from '../../base/unknown-value.ts';
import { isTlsCode, systemCodeOf } from '../network-error.ts';
import { roleAskedIn, type RoleAsked } from './role-error.ts';

/** The parts of an error that decide what it means. */
export interface S3Error {
  /** The store's code (`NoSuchKey`, `SlowDown`), or the name of the error. */
  readonly name: string;
  /** The HTTP status, when there was an answer. */
  readonly status: number | undefined;
  /** The system's code (`ECONNRESET`), of the error or of what caused it. */
  readonly systemCode: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** The region that the bucket is in, if the store names one. */
  readonly region: string | undefined;
  /** The role that it was met with: the token service's answer then, not the store's. */
  readonly role: RoleAsked | undefined;
  readonly message: string;
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function headersOf(error: unknown): Record<string, string> {
  const headers = propertyOf(propertyOf(error, '$response'), 'headers');
  if (typeof headers !== 'object' || headers === null) return {};
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** Reads anything thrown. */
export function readS3Error(error: unknown): S3Error {
  const status =
    propertyOf(propertyOf(error, '$metadata'), 'httpStatusCode') ??
    propertyOf(propertyOf(error, '$response'), 'statusCode');
  const headers = headersOf(error);
  return {
    name: text(propertyOf(error, 'Code')) ?? text(propertyOf(error, 'name')) ?? 'Error',
    status: typeof status === 'number' ? status : undefined,
    systemCode: systemCodeOf(error),
    headers,
    region: headers['x-amz-bucket-region'] ?? text(propertyOf(error, 'Region')),
    role: roleAskedIn(error),
    message: text(propertyOf(error, 'message')) ?? String(error),
  };
}

const RETRYABLE_NAMES = new Set([
  'TimeoutError',
  'RequestTimeout',
  'SlowDown',
  'InternalError',
  'ServiceUnavailable',
  'ConditionalRequestConflict',
  'IDPCommunicationError',
  'OperationAborted',
  'BadDigest',
  'XAmzContentChecksumMismatch',
]);

/** Answers that will be the same next time, though their status is one of a server in trouble. */
const FINAL_STATUSES = new Set([501, 505]);

function isRetryableStatus(status: number): boolean {
  const isClientsTurn = status === 408 || status === 409 || status === 425 || status === 429 || status === 499;
  return isClientsTurn || (status >= 500 && !FINAL_STATUSES.has(status));
}

/** True if another attempt may go better. */
export function isRetryable(error: S3Error): boolean {
  if (RETRYABLE_NAMES.has(error.name)) return true;
  if (error.status !== undefined && error.status >= 300) return isRetryableStatus(error.status);
  // A good status and still an error: the rest of the answer was not to be understood.
  return (error.status !== undefined || error.systemCode !== undefined) && !isTlsCode(error.systemCode);
}

/** True if the store said, in words of its own, that there is no such object. A bare 404 is not enough: see `NoSuchBucket`. */
export function saysNoSuchKey({ name }: S3Error): boolean {
  return name === 'NoSuchKey';
}
