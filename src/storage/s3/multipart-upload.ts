/**
 * Writing a large object in parts, a few at a time, of which only those few are in memory; and not many, all uploads of the
 * store together.
 *
 * The object appears when the upload is completed, in one step; an upload that fails is aborted, and leaves nothing.
 *
 * @module
 */

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';

import { Failure } from '../../base/failure.ts';
import type { PutOptions, PutOutcome } from '../object-store.ts';
import type { PartRoom } from '../part-room.ts';
import type { S3Connection } from './connection.ts';
import { customerKey } from './encryption.ts';
import { badAnswer } from './get-object.ts';
import { tokenOf, tooManyParts, uploadHeader, type UploadHeader } from './put-object.ts';
import { readS3Error } from './s3-error.ts';
import { addressOf, type S3Action } from './s3-failure.ts';

/** Of one object. */
const CONCURRENT_PARTS = 4;
const MAX_PARTS = 10_000;

/** An upload under way. */
interface Upload {
  readonly connection: S3Connection;
  readonly action: S3Action;
  readonly header: UploadHeader;
  readonly id: string;
  readonly room: PartRoom;
  /** For a part which failed: the others need not go on, and no more of the body be read. */
  readonly stop: AbortController;
  /** The caller's, and that of `stop`. */
  readonly signal: AbortSignal;
}

async function createUpload(
  connection: S3Connection,
  action: S3Action,
  { fields }: UploadHeader,
  signal: AbortSignal | undefined,
): Promise<string> {
  const command = new CreateMultipartUploadCommand({
    ...fields,
    ChecksumAlgorithm: 'CRC32',
    ChecksumType: 'FULL_OBJECT',
  });
  const { UploadId: id } = await connection.run(action, signal, async (attempt) =>
    attempt.client.send(command, { abortSignal: attempt.signal }),
  );
  if (id === undefined || id === '') throw badAnswer(action, 'it names no upload');
  return id;
}

async function sendPart(
  { connection, action, id, signal }: Upload,
  number: number,
  bytes: Uint8Array,
): Promise<CompletedPart> {
  const command = new UploadPartCommand({
    Bucket: action.bucket,
    Key: action.key,
    UploadId: id,
    PartNumber: number,
    ChecksumAlgorithm: 'CRC32',
    ...customerKey(connection.location),
    Body: bytes,
  });
  const answer = await connection.run(action, signal, async (attempt) =>
    attempt.client.send(command, { abortSignal: attempt.signal }),
  );
  if (answer.ETag === undefined) throw badAnswer(action, `it has no ETag for part ${number}`);
  const checksum = answer.ChecksumCRC32 === undefined ? {} : { ChecksumCRC32: answer.ChecksumCRC32 };
  return { PartNumber: number, ETag: answer.ETag, ...checksum };
}

/** Sends the parts, not more than a few at once; the body is asked for the next only when one of them is done. */
async function sendParts(upload: Upload, parts: AsyncIterable<Uint8Array>): Promise<CompletedPart[]> {
  const { room } = upload;
  const sent: Promise<CompletedPart>[] = [];
  const running = new Set<Promise<unknown>>();
  try {
    for await (const bytes of parts) {
      if (sent.length === MAX_PARTS) throw tooManyParts(upload.action, room.partSizeBytes);
      await room.turn(upload.signal);
      const number = sent.length + 1;
      const part = room.sent(bytes, () => sendPart(upload, number, bytes));
      sent.push(part);
      const ended = part.catch((error: unknown) => upload.stop.abort(error)).finally(() => running.delete(ended));
      running.add(ended);
      if (running.size >= CONCURRENT_PARTS) await Promise.race(running);
      upload.signal.throwIfAborted();
    }
    return await Promise.all(sent);
  } finally {
    await Promise.allSettled(running);
  }
}

async function complete(upload: Upload, parts: CompletedPart[], ifAbsent: boolean): Promise<PutOutcome> {
  const { connection, action, id, signal, header } = upload;
  const command = new CompleteMultipartUploadCommand({
    Bucket: action.bucket,
    Key: action.key,
    UploadId: id,
    MultipartUpload: { Parts: parts },
    ChecksumType: 'FULL_OBJECT',
    ...customerKey(connection.location),
    ...(ifAbsent ? { IfNoneMatch: '*' } : {}),
  });
  const answered = await connection.run(action, signal, async (attempt) => {
    try {
      const { ETag: etag } = await attempt.client.send(command, { abortSignal: attempt.signal });
      if (etag === undefined) throw badAnswer(action, 'it has no ETag, so it is not that of a store');
      return 'written';
    } catch (thrown) {
      const error = readS3Error(thrown);
      if (ifAbsent && error.status === 412) return attempt.number > 1 ? 'unclear' : 'exists';
      // An upload that an earlier attempt completed is not there any more.
      if (error.name === 'NoSuchUpload' && attempt.number > 1) return 'unclear';
      throw thrown;
    }
  });
  if (answered !== 'unclear') return answered;
  const token = await tokenOf(connection, action, signal);
  if (token === header.token) return 'written';
  if (ifAbsent) return 'exists';
  throw new Failure('conflict', {
    message: `cannot write ${addressOf(action)}: the upload was ended or overwritten by somebody else`,
    remedy: 'Find out who else writes to this archive, then try again.',
  });
}

/** Ends an upload that will not be completed, so that its parts are not kept. What remains is named by the failure before. */
async function abort({ connection, action, id }: Upload): Promise<void> {
  const command = new AbortMultipartUploadCommand({ Bucket: action.bucket, Key: action.key, UploadId: id });
  const ending = connection.run(action, undefined, async (attempt) =>
    attempt.client.send(command, { abortSignal: attempt.signal }),
  );
  await ending.catch(() => {});
}

/** Writes an object from parts of 5 MiB or more, of which only the last may be shorter. */
export async function putInParts(
  connection: S3Connection,
  action: S3Action,
  parts: AsyncIterable<Uint8Array>,
  room: PartRoom,
  options: PutOptions,
): Promise<PutOutcome> {
  const header = uploadHeader(connection, action);
  const id = await createUpload(connection, action, header, options.signal);
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const upload: Upload = { connection, action, header, id, room, stop, signal };
  try {
    const outcome = await complete(upload, await sendParts(upload, parts), options.ifAbsent === true);
    if (outcome === 'exists') await abort(upload);
    return outcome;
  } catch (error) {
    stop.abort(error);
    await abort(upload);
    throw error;
  }
}
