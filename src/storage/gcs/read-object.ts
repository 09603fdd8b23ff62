/**
 * Reading an object's bytes: one version of it, to its end, and with the CRC-32C that Google keeps.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { CRC32C_START, extendCrc32c, finishCrc32c } from '../../postgres/crc32c.ts';
import type { ByteRange } from '../object-store.ts';
import { readResumed, type BodyAnswer } from '../resumed-body.ts';
import type { HttpAnswer } from '../send-request.ts';
import type { GcsConnection } from './gcs-connection.ts';
import { GcsError } from './gcs-error.ts';
import { badAnswer, nameOf, type GcsAction } from './gcs-failure.ts';
import { provesAbsence } from './look-at-object.ts';

/** One answer: bytes of one version of an object. */
interface GcsAnswer extends BodyAnswer {
  readonly generation: string;
  readonly crc32c: string | undefined;
}

function rangeHeader({ startByte, lengthBytes }: ByteRange): string {
  const lastByte = startByte + lengthBytes - 1;
  return Number.isSafeInteger(lastByte) ? `bytes=${startByte}-${lastByte}` : `bytes=${startByte}-`;
}

function answerOf(action: GcsAction, range: ByteRange | undefined, answer: HttpAnswer): GcsAnswer {
  const { headers, body, status } = answer;
  const generation = headers['x-goog-generation'];
  if (generation === undefined) throw badAnswer(action, 'it names no generation, so it is not that of a store');
  const length = headers['content-length'];
  if (length === undefined || !/^\d{1,15}$/.test(length)) throw badAnswer(action, 'it does not say how long it is');
  const [, from] = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '') ?? [];
  const startByte = range === undefined ? 0 : Number(from);
  if (range !== undefined && (status !== 206 || startByte !== range.startByte))
    throw badAnswer(action, `bytes from ${range.startByte} were asked for, and it holds ${from ?? 'all'}`);
  const [, crc32c] = /(?:^|[\s,])crc32c=([A-Za-z0-9+/=]{8})/.exec(headers['x-goog-hash'] ?? '') ?? [];
  return { body, startByte, lengthBytes: Number(length), generation, crc32c };
}

async function request(
  connection: GcsConnection,
  action: GcsAction,
  range: ByteRange | undefined,
  generation: string | undefined,
  signal: AbortSignal | undefined,
): Promise<GcsAnswer | 'absent' | 'pastEnd'> {
  const url = connection.objectUrl(action.key, {
    alt: 'media',
    ...(generation === undefined ? {} : { ifGenerationMatch: generation }),
  });
  // Without accepting gzip, Google would unpack an object that says it is gzip, and then know neither length nor sum.
  const headers = { 'accept-encoding': 'gzip', ...connection.encryption };
  const ranged = range === undefined ? headers : { ...headers, range: rangeHeader(range) };
  return connection.run(action, signal, async (attempt) => {
    try {
      return answerOf(action, range, await attempt.send({ method: 'GET', url, headers: ranged }, [200, 206]));
    } catch (error) {
      if (error instanceof GcsError && error.status === 416) return 'pastEnd';
      if (await provesAbsence(connection, action, error, signal)) return 'absent';
      throw error;
    }
  });
}

function gone(action: GcsAction, how: 'absent' | 'pastEnd' | 'replaced'): Failure {
  const what = { absent: 'was deleted', pastEnd: 'became shorter', replaced: 'was replaced' }[how];
  return new Failure('conflict', {
    message: `cannot ${nameOf(action)}: it ${what} while it was read`,
    remedy: 'Find out who else writes to this archive, then try again.',
  });
}

/** Four bytes, as Google writes them. */
export function crc32cText(state: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(finishCrc32c(state));
  return bytes.toString('base64');
}

async function* summed(action: GcsAction, pieces: AsyncIterable<Buffer>, expected: string): AsyncGenerator<Buffer> {
  let state = CRC32C_START;
  for await (const piece of pieces) {
    state = extendCrc32c(state, piece, 0, piece.byteLength);
    yield piece;
  }
  if (crc32cText(state) === expected) return;
  throw new Failure('corrupt', {
    message: `cannot ${nameOf(action)}: its bytes do not have the checksum that the store keeps (CRC-32C ${expected})`,
    remedy: 'Read it once more; if this stays, the object or the way to the store is damaged.',
  });
}

/** The bytes of an object, or of a range of it. `absent` is proven; `pastEnd`: it ends before the range. */
export async function openObject(
  connection: GcsConnection,
  action: GcsAction,
  range: ByteRange | undefined,
  signal: AbortSignal | undefined,
): Promise<AsyncGenerator<Buffer> | 'absent' | 'pastEnd'> {
  const first = await request(connection, action, range, undefined, signal);
  if (first === 'absent' || first === 'pastEnd') return first;
  const resume = async (rest: ByteRange): Promise<BodyAnswer> => {
    const answer = await request(connection, action, rest, first.generation, signal);
    if (answer === 'absent' || answer === 'pastEnd') throw gone(action, answer);
    if (answer.generation !== first.generation) throw gone(action, 'replaced');
    return answer;
  };
  const source = { deadlines: connection.deadlines, action: nameOf(action), resume };
  const pieces = readResumed(source, first, signal);
  return range === undefined && first.crc32c !== undefined ? summed(action, pieces, first.crc32c) : pieces;
}
