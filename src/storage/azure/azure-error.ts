/**
 * What Azure answers when it does not do what was asked, and which of it may go better next time.
 *
 * Source: Azure Storage, "Status and error codes", "Blob Storage error codes"; RFC 6749 section 5.2 (tokens).
 *
 * @module
 */

import { propertyOf } from '../../base/unknown-value.ts';
import { isTlsCode, systemCodeOf } from '../network-error.ts';
import { readText, type HttpAnswer } from '../send-request.ts';
import { childOf, parseXml } from '../xml.ts';

/** An answer that is an error. */
export class AzureError extends Error {
  override readonly name = 'AzureError';
  readonly status: number;
  /** Azure's word for it: `BlobNotFound`, `ServerBusy`; or the status as text. */
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>>) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

const LONGEST_MESSAGE = 500;

/** Code and message of the forms that Azure's errors have: XML (storage), JSON (tokens), or a page that is neither. */
function read(text: string): readonly [code: string | undefined, message: string] {
  const plain = text.replace(/\s+/g, ' ').trim();
  try {
    if (plain.startsWith('{')) {
      const value: unknown = JSON.parse(plain);
      const [code, message] = [propertyOf(value, 'error'), propertyOf(value, 'error_description')];
      return [typeof code === 'string' ? code : undefined, typeof message === 'string' ? message : plain];
    }
    const error = parseXml(text);
    return [childOf(error, 'Code')?.text, childOf(error, 'Message')?.text.split('\n')[0] ?? plain];
  } catch {
    return [undefined, plain];
  }
}

/** Reads an answer that is an error to its end. */
export async function readAzureError(answer: HttpAnswer): Promise<AzureError> {
  const { status, headers } = answer;
  const [code, message] = read(await readText(answer));
  return new AzureError(
    status,
    headers['x-ms-error-code'] ?? code ?? String(status),
    message.slice(0, LONGEST_MESSAGE),
    headers,
  );
}

/** The code of a 404 for a blob that the container lists: it came between the two answers, and another attempt finds it. */
const YET_LISTED = 'although it is listed';
const PASSING_CODES = new Set([
  'ServerBusy',
  'InternalError',
  'OperationTimedOut',
  'Md5Mismatch',
  'temporarily_unavailable',
  YET_LISTED,
]);
/** Answers that will be the same next time, though their status is one of a server in trouble. */
const FINAL_STATUSES = new Set([501, 505]);

/** True if another attempt may go better. */
export function isRetryable(error: unknown): boolean {
  if (!(error instanceof AzureError)) {
    const code = systemCodeOf(error);
    return code !== undefined && !isTlsCode(code);
  }
  const { status, code } = error;
  // A good status and still an error: the rest of the answer was not to be understood.
  if (PASSING_CODES.has(code) || status < 300 || status === 408 || status === 429) return true;
  return status >= 500 && !FINAL_STATUSES.has(status);
}

/** What a 404 is when the blob is listed behind it. */
export function yetListed({ status, message, headers }: AzureError): AzureError {
  return new AzureError(status, YET_LISTED, message, headers);
}

/** True if the answer says, in Azure's own words, that there is no such object. A bare 404 may speak of the container. */
export function saysNoSuchBlob(error: unknown): boolean {
  return error instanceof AzureError && error.status === 404 && error.code === 'BlobNotFound';
}

/** True if the answer to a conditional request says that its condition does not hold. */
export function saysConditionFailed(error: unknown): boolean {
  if (!(error instanceof AzureError)) return false;
  return error.status === 412 || (error.status === 409 && error.code === 'BlobAlreadyExists');
}
