/**
 * Reading an object's body: one version of it, told by its ETag, to its end, and with the checksum that the store keeps.
 *
 * @module
 */

import { crc32 } from 'node:zlib';

import { Failure } from '../../base/failure.ts';
import type { ByteRange } from '../object-store.ts';
import { readResumed, type BodyAnswer } from '../resumed-body.ts';
import type { S3Connection } from './connection.ts';
import { badAnswer, requestObject, type S3Answer } from './get-object.ts';
import { addressOf, type S3Action } from './s3-failure.ts';

const nameOf = (action: S3Action): string => `${action.verb} ${addressOf(action)}`;

function gone(action: S3Action, how: 'pastEnd' | 'absent'): Failure {
  const what = how === 'absent' ? 'was deleted' : 'became shorter';
  return new Failure('conflict', {
    message: `cannot ${nameOf(action)}: it ${what} while it was read`,
    remedy: 'Find out who else writes to this archive, then try again.',
  });
}

async function* summed(action: S3Action, pieces: AsyncIterable<Buffer>, expected: string): AsyncGenerator<Buffer> {
  let sum = 0;
  for await (const piece of pieces) {
    sum = crc32(piece, sum);
    yield piece;
  }
  const actual = Buffer.alloc(4);
  actual.writeUInt32BE(sum);
  if (actual.toString('base64') === expected) return;
  throw new Failure('corrupt', {
    message: `cannot ${nameOf(action)}: its bytes do not have the checksum that the store keeps (CRC-32 ${expected})`,
    remedy: 'Read it once more; if this stays, the object or the way to the store is damaged.',
  });
}

/** The pieces of a body that began with `first`, once, all of them. */
export function readBody(
  connection: S3Connection,
  action: S3Action,
  first: S3Answer,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  const resume = async (range: ByteRange): Promise<BodyAnswer> => {
    const answer = await requestObject(connection, action, { range, etag: first.etag }, signal);
    if (answer === 'pastEnd' || answer === 'absent') throw gone(action, answer);
    if (answer.etag === first.etag) return answer;
    throw badAnswer(action, 'it is of another version than was asked for');
  };
  const pieces = readResumed({ deadlines: connection.deadlines, action: nameOf(action), resume }, first, signal);
  // With a hyphen it is a sum of the sums of parts, which are not known here.
  const isOfAll = first.crc32 !== undefined && !first.crc32.includes('-');
  return isOfAll ? summed(action, pieces, first.crc32) : pieces;
}
