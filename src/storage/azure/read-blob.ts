/**
 * Reading a blob's bytes: one version of it, to its end, and with the MD5 that Azure keeps.
 *
 * @module
 */

import { createHash } from 'node:crypto';

import { Failure } from '../../base/failure.ts';
import type { ByteRange } from '../object-store.ts';
import { readResumed, type BodyAnswer } from '../resumed-body.ts';
import type { HttpAnswer } from '../send-request.ts';
import type { AzureConnection } from './azure-connection.ts';
import { AzureError } from './azure-error.ts';
import { badAnswer, nameOf, type AzureAction } from './azure-failure.ts';
import { etagIn, provesAbsence, sizeIn } from './look-at-blob.ts';

/** One answer: bytes of one version of a blob. */
interface AzureAnswer extends BodyAnswer {
  readonly etag: string;
  readonly md5: string | undefined;
}

function rangeHeader({ startByte, lengthBytes }: ByteRange): string {
  const lastByte = startByte + lengthBytes - 1;
  return Number.isSafeInteger(lastByte) ? `bytes=${startByte}-${lastByte}` : `bytes=${startByte}-`;
}

function answerOf(action: AzureAction, range: ByteRange | undefined, answer: HttpAnswer): AzureAnswer {
  const { headers, body, status } = answer;
  const etag = etagIn(action, answer);
  const lengthBytes = sizeIn(action, headers['content-length']);
  const [, from] = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '') ?? [];
  const startByte = range === undefined ? 0 : Number(from);
  if (range !== undefined && (status !== 206 || startByte !== range.startByte))
    throw badAnswer(action, `bytes from ${range.startByte} were asked for, and it holds ${from ?? 'all'}`);
  return { body, startByte, lengthBytes, etag, md5: headers['content-md5'] };
}

async function request(
  connection: AzureConnection,
  action: AzureAction,
  range: ByteRange | undefined,
  etag: string | undefined,
  signal: AbortSignal | undefined,
): Promise<AzureAnswer | 'absent' | 'pastEnd'> {
  const url = connection.url(action.key);
  const headers = {
    ...(range === undefined ? {} : { 'x-ms-range': rangeHeader(range) }),
    ...(etag === undefined ? {} : { 'if-match': etag }),
  };
  return connection.run(action, signal, async (attempt) => {
    try {
      return answerOf(action, range, await attempt.send({ method: 'GET', url, headers }, [200, 206]));
    } catch (error) {
      if (error instanceof AzureError && error.status === 416) return 'pastEnd';
      if (await provesAbsence(connection, action, error, signal)) return 'absent';
      throw error;
    }
  });
}

function gone(action: AzureAction, how: 'absent' | 'pastEnd'): Failure {
  const what = how === 'absent' ? 'was deleted' : 'became shorter';
  return new Failure('conflict', {
    message: `cannot ${nameOf(action)}: it ${what} while it was read`,
    remedy: 'Find out who else writes to this archive, then try again.',
  });
}

async function* summed(action: AzureAction, pieces: AsyncIterable<Buffer>, expected: string): AsyncGenerator<Buffer> {
  const sum = createHash('md5');
  for await (const piece of pieces) {
    sum.update(piece);
    yield piece;
  }
  if (sum.digest('base64') === expected) return;
  throw new Failure('corrupt', {
    message: `cannot ${nameOf(action)}: its bytes do not have the checksum that the store keeps (MD5 ${expected})`,
    remedy: 'Read it once more; if this stays, the object or the way to the store is damaged.',
  });
}

/** The bytes of a blob, or of a range of it. `absent` is proven; `pastEnd`: it ends before the range. */
export async function openBlob(
  connection: AzureConnection,
  action: AzureAction,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<Buffer> | 'absent' | 'pastEnd'> {
  const first = await request(connection, action, range, undefined, signal);
  if (first === 'absent' || first === 'pastEnd') return first;
  const resume = async (rest: ByteRange): Promise<BodyAnswer> => {
    const answer = await request(connection, action, rest, first.etag, signal);
    if (answer === 'absent' || answer === 'pastEnd') throw gone(action, answer);
    if (answer.etag === first.etag) return answer;
    throw badAnswer(action, 'it is of another version than was asked for');
  };
  const source = { deadlines: connection.deadlines, action: nameOf(action), resume };
  const pieces = readResumed(source, first, signal);
  return range === undefined && first.md5 !== undefined ? summed(action, pieces, first.md5) : pieces;
}
