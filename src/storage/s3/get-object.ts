/**
 * Asking for an object's bytes, and reading what the answer says of them.
 *
 * @module
 */

import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';

import { Failure } from '../../base/failure.ts';
import type { ByteRange } from '../object-store.ts';
import type { BodyAnswer } from '../resumed-body.ts';
import type { S3Connection } from './connection.ts';
import { customerKey } from './encryption.ts';
import { readS3Error, saysNoSuchKey } from './s3-error.ts';
import { addressOf, type S3Action } from './s3-failure.ts';

/** One answer: bytes of one version of an object. */
export interface S3Answer extends BodyAnswer {
  readonly etag: string;
  /** CRC-32 of the whole object, big-endian in base 64, when the store keeps it and the whole object was asked for. */
  readonly crc32: string | undefined;
}

/** What is asked for: `etag` holds the answer to the version that was begun with. */
export interface S3Request {
  readonly range?: ByteRange | undefined;
  readonly etag?: string | undefined;
}

function rangeHeader({ startByte, lengthBytes }: ByteRange): string {
  const lastByte = startByte + lengthBytes - 1;
  return Number.isSafeInteger(lastByte) ? `bytes=${startByte}-${lastByte}` : `bytes=${startByte}-`;
}

/**
 * Sends the request. `absent` only if the store says `NoSuchKey`; `pastEnd` if the object is there and ends before the range.
 * The deadline covers the answer's head; its body is the reader's to watch.
 */
export async function requestObject(
  connection: S3Connection,
  action: S3Action,
  { range, etag }: S3Request,
  signal: AbortSignal | undefined,
): Promise<S3Answer | 'absent' | 'pastEnd'> {
  return connection.run(action, signal, async (attempt) => {
    const command = new GetObjectCommand({
      Bucket: action.bucket,
      Key: action.key,
      ...customerKey(connection.location),
      ...(range === undefined ? {} : { Range: rangeHeader(range) }),
      ...(etag === undefined ? {} : { IfMatch: etag }),
    });
    try {
      return answerOf(action, range, await attempt.client.send(command, { abortSignal: attempt.signal }));
    } catch (thrown) {
      const error = readS3Error(thrown);
      if (saysNoSuchKey(error)) return 'absent';
      if (error.status === 416) return 'pastEnd';
      throw thrown;
    }
  });
}

function answerOf(action: S3Action, range: ByteRange | undefined, output: GetObjectCommandOutput): S3Answer {
  const { Body: body, ContentLength: lengthBytes, ETag: etag, ChecksumCRC32: crc32 } = output;
  if (body === undefined || !(Symbol.asyncIterator in body)) throw badAnswer(action, 'it has no body');
  // Every object has one; a page that a gateway sends in place of an object has none.
  if (etag === undefined) throw badAnswer(action, 'it has no ETag, so it is not that of a store');
  const startByte = range === undefined ? 0 : startOf(output.ContentRange);
  if (startByte !== (range?.startByte ?? 0))
    throw badAnswer(
      action,
      `bytes from ${range?.startByte} were asked for, and it holds ${output.ContentRange ?? 'all'}`,
    );
  return { body, startByte, lengthBytes, etag, crc32: range === undefined ? crc32 : undefined };
}

function startOf(contentRange: string | undefined): number | undefined {
  const match = /^bytes (\d+)-/.exec(contentRange ?? '');
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The failure of an answer that does not follow the protocol. */
export function badAnswer(action: S3Action, problem: string): Failure {
  return new Failure('corrupt', {
    message: `cannot ${action.verb} ${addressOf(action)}: the store's answer cannot be used: ${problem}`,
    remedy: 'Look for a proxy or cache between here and the store; if there is none, the store does not follow S3.',
  });
}
