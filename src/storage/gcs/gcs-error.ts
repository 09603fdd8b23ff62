/**
 * What Google's servers answer when they do not do what was asked, and which of it may go better next time.
 *
 * Source: Cloud Storage, "HTTP status and error codes for JSON", "Retry strategy"; RFC 6749 section 5.2 (tokens).
 *
 * @module
 */

import { parseJsonOrNothing, propertyOf } from '../../base/unknown-value.ts';
import { isTlsCode, systemCodeOf } from '../network-error.ts';
import { readText, type HttpAnswer } from '../send-request.ts';

/** An answer that is an error. */
export class GcsError extends Error {
  override readonly name = 'GcsError';
  readonly status: number;
  /** Google's word for it: `notFound`, `conditionNotMet`, `rateLimitExceeded`; or the status as text. */
  readonly reason: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, reason: string, message: string, headers: Readonly<Record<string, string>>) {
    super(message);
    this.status = status;
    this.reason = reason;
    this.headers = headers;
  }
}

const LONGEST_MESSAGE = 500;

/** The reason and the message in the two forms that Google's errors have, or of a page that is neither. */
function read(text: string, status: number): readonly [reason: string, message: string] {
  const value = parseJsonOrNothing(text);
  const error = propertyOf(value, 'error');
  const description = propertyOf(value, 'error_description');
  if (typeof error === 'string') return [error, typeof description === 'string' ? `${error}: ${description}` : error];
  const reason = propertyOf(propertyOf(propertyOf(error, 'errors'), '0'), 'reason');
  const message = propertyOf(error, 'message');
  return [
    typeof reason === 'string' ? reason : String(status),
    typeof message === 'string' ? message : text.replace(/\s+/g, ' ').trim(),
  ];
}

/** Reads an answer that is an error to its end. */
export async function readGcsError(answer: HttpAnswer): Promise<GcsError> {
  const [reason, message] = read(await readText(answer), answer.status);
  return new GcsError(answer.status, reason, message.slice(0, LONGEST_MESSAGE), answer.headers);
}

/** The reason of a 404 for an object that the bucket lists: it came between the two answers, and another attempt finds it. */
const YET_LISTED = 'although it is listed';
const PASSING_REASONS = new Set([
  'rateLimitExceeded',
  'userRateLimitExceeded',
  'backendError',
  'internalError',
  YET_LISTED,
]);
/** Answers that will be the same next time, though their status is one of a server in trouble. */
const FINAL_STATUSES = new Set([501, 505]);

/** What a 404 is when the object is listed behind it. */
export function yetListed({ status, message, headers }: GcsError): GcsError {
  return new GcsError(status, YET_LISTED, message, headers);
}

function isNetworkError(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code !== undefined && !isTlsCode(code);
}

/** True if another attempt may go better. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof GcsError)) return isNetworkError(error);
  const { status, reason } = error;
  // A good status and still an error: the rest of the answer was not to be understood.
  if (PASSING_REASONS.has(reason) || status < 300 || status === 408 || status === 429) return true;
  return status >= 500 && !FINAL_STATUSES.has(status);
}
