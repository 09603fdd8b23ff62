/**
 * What becomes of objects that are deleted in a bucket: whether it keeps versions, and whether these are locked.
 *
 * Source: Amazon S3 API reference, `GetBucketVersioning` and `GetObjectLockConfiguration`.
 *
 * @module
 */

import { GetBucketVersioningCommand, GetObjectLockConfigurationCommand } from '@aws-sdk/client-s3';

import { isFailure } from '../../base/failure.ts';
import type { AfterDeletion } from '../object-store.ts';
import type { S3Connection } from './connection.ts';
import { readS3Error } from './s3-error.ts';
import type { S3Action } from './s3-failure.ts';

/** Asks. A store that does not know these questions, or may not answer them, is `unknown`. @throws {Failure} `unavailable`. */
export async function afterDeletion(
  connection: S3Connection,
  action: S3Action,
  signal: AbortSignal | undefined,
): Promise<AfterDeletion> {
  try {
    const { Status: status } = await connection.run(action, signal, async (attempt) =>
      attempt.client.send(new GetBucketVersioningCommand({ Bucket: action.bucket }), { abortSignal: attempt.signal }),
    );
    if (status !== 'Enabled') return 'gone';
    return (await isLocked(connection, action, signal)) ? 'locked' : 'versions';
  } catch (error) {
    if (isFailure(error) && error.kind !== 'unavailable') return 'unknown';
    throw error;
  }
}

async function isLocked(connection: S3Connection, action: S3Action, signal: AbortSignal | undefined): Promise<boolean> {
  return connection.run(action, signal, async (attempt) => {
    try {
      const command = new GetObjectLockConfigurationCommand({ Bucket: action.bucket });
      const { ObjectLockConfiguration: found } = await attempt.client.send(command, { abortSignal: attempt.signal });
      return found?.ObjectLockEnabled === 'Enabled';
    } catch (error) {
      // A bucket without one says so with this code.
      if (readS3Error(error).name === 'ObjectLockConfigurationNotFoundError') return false;
      throw error;
    }
  });
}
