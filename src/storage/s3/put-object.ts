/**
 * Writing an object in one request.
 *
 * A request that was cut may have had its effect. Sending it again is harmless, except with `ifAbsent`: the second
 * attempt would meet the object of the first and call it another's. So every upload carries a token of its own in the
 * object's metadata, and the one who finds an object with his own token has written it.
 *
 * @module
 */

import { randomUUID } from 'node:crypto';

import { HeadObjectCommand, PutObjectCommand, type PutObjectCommandInput } from '@aws-sdk/client-s3';

import { Failure } from '../../base/failure.ts';
import type { PutOptions, PutOutcome } from '../object-store.ts';
import type { S3Connection } from './connection.ts';
import { customerKey, writtenEncryption } from './encryption.ts';
import { badAnswer } from './get-object.ts';
import { readS3Error } from './s3-error.ts';
import { addressOf, type S3Action } from './s3-failure.ts';

/** The metadata that tells an upload from others to the same key. */
export const UPLOAD_TOKEN = 'walkback-upload';

/** What every upload sends, and the token in it. */
export interface UploadHeader {
  readonly token: string;
  readonly fields: Omit<PutObjectCommandInput, 'Body' | 'IfNoneMatch'>;
}

export function uploadHeader(connection: S3Connection, action: S3Action): UploadHeader {
  const token = randomUUID();
  const { storageClass, retention } = connection.location;
  const place = { Bucket: action.bucket, Key: action.key };
  const lock =
    retention === undefined
      ? {}
      : {
          ObjectLockMode: retention.mode,
          ObjectLockRetainUntilDate: new Date(Date.now() + retention.seconds * 1000),
        };
  const metadata = { Metadata: { [UPLOAD_TOKEN]: token } };
  const fields = { ...place, ...metadata, ...lock, ...writtenEncryption(connection.location) };
  // The SDK's type lists the storage classes that AWS has; other stores have others.
  return { token, fields: storageClass === undefined ? fields : Object.assign(fields, { StorageClass: storageClass }) };
}

/** Writes bytes that are in memory. */
export async function putObject(
  connection: S3Connection,
  action: S3Action,
  bytes: Uint8Array,
  options: PutOptions,
): Promise<PutOutcome> {
  const { token, fields } = uploadHeader(connection, action);
  const condition = options.ifAbsent === true ? { IfNoneMatch: '*' } : {};
  const command = new PutObjectCommand({ ...fields, ...condition, Body: bytes });
  const isRepeated = await connection.run(action, options.signal, async ({ client, signal, number }) => {
    try {
      const { ETag: etag } = await client.send(command, { abortSignal: signal });
      if (etag === undefined) throw badAnswer(action, 'it has no ETag, so it is not that of a store');
      return undefined;
    } catch (error) {
      if (options.ifAbsent === true && readS3Error(error).status === 412) return number > 1;
      throw error;
    }
  });
  if (isRepeated === undefined) return 'written';
  const isOurs = isRepeated && (await tokenOf(connection, action, options.signal)) === token;
  return isOurs ? 'written' : 'exists';
}

/** The token of the object that is there now; `undefined` if it has none, or there is no object. */
export async function tokenOf(
  connection: S3Connection,
  action: S3Action,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const looking = { ...action, verb: 'look at', permission: 's3:GetObject' };
  return connection.run(looking, signal, async (attempt) => {
    try {
      const command = new HeadObjectCommand({
        Bucket: action.bucket,
        Key: action.key,
        ...customerKey(connection.location),
      });
      const { Metadata: metadata } = await attempt.client.send(command, { abortSignal: attempt.signal });
      return metadata?.[UPLOAD_TOKEN];
    } catch (error) {
      if (readS3Error(error).status === 404) return undefined;
      throw error;
    }
  });
}

/** The failure of an object that would need more parts than S3 takes. */
export function tooManyParts(action: S3Action, partSizeBytes: number): Failure {
  return new Failure('refused', {
    message: `cannot write ${addressOf(action)}: it has more than 10000 parts of ${partSizeBytes} bytes`,
    remedy: 'Set a larger part size (s3-max-part-size, WALG_S3_MAX_PART_SIZE).',
  });
}
