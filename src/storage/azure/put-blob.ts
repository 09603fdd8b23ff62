/**
 * Writing a blob in one request.
 *
 * A request that was cut may have had its effect. Sending it again is harmless, except with `ifAbsent`: the second
 * attempt would meet the blob of the first and call it another's. So every upload carries a token of its own in the
 * blob's metadata, and the one who finds a blob with his own token has written it.
 *
 * Source: Azure Storage, "Put Blob", "Specifying conditional headers for Blob service operations".
 *
 * @module
 */

import { createHash, randomUUID } from 'node:crypto';

import type { PutOptions, PutOutcome } from '../object-store.ts';
import type { AzureAttempt, AzureConnection } from './azure-connection.ts';
import { saysConditionFailed } from './azure-error.ts';
import type { AzureAction } from './azure-failure.ts';
import { etagIn, lookAtBlob, UPLOAD_TOKEN } from './look-at-blob.ts';

/** What every upload sends, and the token in it. */
export interface UploadHeader {
  readonly token: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The header of one upload. */
export function uploadHeader({ ifAbsent = false }: PutOptions): UploadHeader {
  const token = randomUUID();
  return { token, headers: { [UPLOAD_TOKEN]: token, ...(ifAbsent ? { 'if-none-match': '*' } : {}) } };
}

/** Makes the request that gives a blob its content and name, and finds out whose it is when that was refused. */
export async function commit(
  connection: AzureConnection,
  action: AzureAction,
  header: UploadHeader,
  options: PutOptions,
  send: (attempt: AzureAttempt) => ReturnType<AzureAttempt['send']>,
): Promise<PutOutcome> {
  const outcome = await connection.run(action, options.signal, async (attempt) => {
    try {
      const answer = await send(attempt);
      etagIn(action, answer);
      for await (const _ of answer.body);
      return 'written';
    } catch (error) {
      if (options.ifAbsent !== true || !saysConditionFailed(error)) throw error;
      return attempt.number > 1 ? 'unclear' : 'exists';
    }
  });
  if (outcome !== 'unclear') return outcome;
  const looking = { ...action, verb: 'look at', permission: 'reading blobs (r)' };
  const found = await lookAtBlob(connection, looking, options.signal);
  return found?.uploadToken === header.token ? 'written' : 'exists';
}

/** The MD5 of bytes in base64, as Azure compares it with what arrived. */
export function md5Of(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('base64');
}

/** Writes bytes that are in memory. */
export async function putBlob(
  connection: AzureConnection,
  action: AzureAction,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<PutOutcome> {
  const header = uploadHeader(options);
  const headers = {
    ...header.headers,
    'x-ms-blob-type': 'BlockBlob',
    'content-type': 'application/octet-stream',
    'content-md5': md5Of(bytes),
  };
  const request = { method: 'PUT', url: connection.url(action.key), headers, body: [bytes] } as const;
  return commit(connection, action, header, options, async (attempt) => attempt.send(request, [201]));
}
