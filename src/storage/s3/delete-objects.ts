/**
 * Deleting objects, many in a request.
 *
 * @module
 */

import { DeleteObjectsCommand } from '@aws-sdk/client-s3';

import type { S3Connection } from './connection.ts';
import { s3Failure, type S3Action } from './s3-failure.ts';

/** As many as S3 takes in one request. */
const BATCH_KEYS = 1000;

/** Deletes the objects with these whole keys. */
export async function deleteObjects(
  connection: S3Connection,
  action: S3Action,
  keys: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let at = 0; at < keys.length; at += BATCH_KEYS) {
    const batch = keys.slice(at, at + BATCH_KEYS);
    await connection.run({ ...action, key: batch[0] ?? '' }, signal, async (attempt) => {
      const command = new DeleteObjectsCommand({
        Bucket: action.bucket,
        Delete: { Quiet: true, Objects: batch.map((key) => ({ Key: key })) },
      });
      const { Errors: errors } = await attempt.client.send(command, { abortSignal: attempt.signal });
      const first = errors?.find(({ Code: code }) => code !== 'NoSuchKey');
      if (first !== undefined) throw keyError(action, first.Key, first.Code);
    });
  }
}

/** The codes that a single object's deletion can be refused with, and the status that such an answer has alone. */
const STATUS_OF: Readonly<Record<string, number>> = { AccessDenied: 403, InternalError: 500, SlowDown: 503 };

/** An object that stayed, as the error that its own request would have met: some of these are worth another attempt. */
function keyError(action: S3Action, key: string | undefined, code: string | undefined): Error {
  const error = {
    name: code ?? 'Error',
    message: code ?? '',
    $metadata: { httpStatusCode: STATUS_OF[code ?? ''] ?? 400 },
  };
  const isFinal = error.$metadata.httpStatusCode < 500;
  return isFinal
    ? s3Failure({ ...action, key: key ?? action.key }, error)
    : Object.assign(new Error(error.message), error);
}
