/**
 * Writing a large object in chunks, of which two are in memory.
 *
 * The object appears with the last chunk, in one step. After an attempt that broke, the store is asked how far it got, and
 * the rest is sent: nothing is assumed. An upload that fails is ended, and leaves nothing.
 *
 * Source: Cloud Storage, "Resumable uploads"; the checksum in the last request is `x-goog-hash`.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { CRC32C_START, extendCrc32c } from '../../postgres/crc32c.ts';
import type { PutOptions, PutOutcome } from '../object-store.ts';
import type { PartRoom } from '../part-room.ts';
import type { HttpAnswer } from '../send-request.ts';
import type { GcsAttempt, GcsConnection } from './gcs-connection.ts';
import { GcsError } from './gcs-error.ts';
import { badAnswer, nameOf, type GcsAction } from './gcs-failure.ts';
import { objectOf, readFields, type GcsObject } from './object-resource.ts';
import { checkStored, isWrittenBy, uploadHeader, type UploadHeader } from './put-object.ts';
import { crc32cText } from './read-object.ts';

/** An upload under way. */
interface Upload {
  readonly connection: GcsConnection;
  readonly action: GcsAction;
  readonly header: UploadHeader;
  /** The address of the upload: whoever has it may write to it. */
  readonly url: string;
  readonly options: PutOptions;
}

/** A piece of the object, and where it goes. */
interface Chunk {
  readonly bytes: Uint8Array;
  readonly startByte: number;
  /** Of the last one: the CRC-32C of the whole. */
  readonly crc32c: string | undefined;
}

/** What became of a chunk. `exists`, `unclear`: of the last one, with `ifAbsent` or after an attempt that broke. */
type ChunkOutcome = 'taken' | 'written' | 'exists' | 'unclear';

const DONE = [200, 201];
const GOES_ON = 308;

async function begin(connection: GcsConnection, action: GcsAction, options: PutOptions): Promise<Upload | 'exists'> {
  const header = uploadHeader(action, options);
  const url = connection.uploadUrl({ uploadType: 'resumable', ...header.query });
  const headers = { ...connection.encryption, 'content-type': 'application/json; charset=UTF-8' };
  const body = [Buffer.from(JSON.stringify(header.resource))];
  return connection.run(action, options.signal, async (attempt) => {
    try {
      const answer = await attempt.send({ method: 'POST', url, headers, body }, [200]);
      for await (const _ of answer.body);
      const { location = '' } = answer.headers;
      // Our token goes there too: to no other host than it was sent to before.
      if (URL.parse(location)?.origin !== new URL(url).origin)
        throw badAnswer(action, 'it names no place for the upload');
      return { connection, action, header, url: location, options };
    } catch (error) {
      if (options.ifAbsent === true && error instanceof GcsError && error.status === 412) return 'exists';
      throw error;
    }
  });
}

/** How many bytes the store has, from an answer that says so. */
function receivedBytes({ headers }: HttpAnswer, action: GcsAction): number {
  const { range } = headers;
  if (range === undefined) return 0;
  const [, last] = /^(?:bytes=)?0-(\d{1,15})$/.exec(range) ?? [];
  if (last === undefined) throw badAnswer(action, `it says ${JSON.stringify(range)} of what it has received`);
  return Number(last) + 1;
}

async function stored(upload: Upload, answer: HttpAnswer): Promise<GcsObject> {
  return objectOf(upload.action, await readFields(answer));
}

/** The bytes that the store has of the whole object, or the object if it is finished. */
async function askHowFar(upload: Upload, chunk: Chunk, attempt: GcsAttempt): Promise<number | GcsObject> {
  const total = chunk.crc32c === undefined ? '*' : String(chunk.startByte + chunk.bytes.byteLength);
  const headers = { ...upload.connection.encryption, 'content-range': `bytes */${total}` };
  const answer = await attempt.send({ method: 'PUT', url: upload.url, headers }, [...DONE, GOES_ON]);
  if (DONE.includes(answer.status)) return stored(upload, answer);
  for await (const _ of answer.body);
  return receivedBytes(answer, upload.action);
}

/** Sends what is left of a chunk. Answers as {@link askHowFar}. */
async function sendRest(
  upload: Upload,
  chunk: Chunk,
  fromByte: number,
  attempt: GcsAttempt,
): Promise<number | GcsObject> {
  const endByte = chunk.startByte + chunk.bytes.byteLength;
  const total = chunk.crc32c === undefined ? '*' : String(endByte);
  const headers = {
    ...upload.connection.encryption,
    'content-range': `bytes ${fromByte}-${endByte - 1}/${total}`,
    ...(chunk.crc32c === undefined ? {} : { 'x-goog-hash': `crc32c=${chunk.crc32c}` }),
  };
  const body = [chunk.bytes.subarray(fromByte - chunk.startByte)];
  const answer = await attempt.send({ method: 'PUT', url: upload.url, headers, body }, [...DONE, GOES_ON]);
  if (DONE.includes(answer.status)) return stored(upload, answer);
  for await (const _ of answer.body);
  return receivedBytes(answer, upload.action);
}

/** Checks an object that is finished. @throws {Failure} `corrupt` if it is not what was sent. */
function finished({ action }: Upload, { bytes, startByte, crc32c }: Chunk, object: GcsObject): ChunkOutcome {
  if (crc32c === undefined) throw badAnswer(action, 'the upload is finished before its last chunk was sent');
  checkStored(action, object, startByte + bytes.byteLength, crc32c);
  return 'written';
}

async function sendOnce(upload: Upload, chunk: Chunk, attempt: GcsAttempt): Promise<ChunkOutcome> {
  const endByte = chunk.startByte + chunk.bytes.byteLength;
  let has = attempt.number === 1 ? chunk.startByte : await askHowFar(upload, chunk, attempt);
  for (;;) {
    if (typeof has !== 'number') return finished(upload, chunk, has);
    if (has < chunk.startByte || has > endByte) throw badAnswer(upload.action, `it has ${has} bytes of the upload`);
    if (has === endByte && chunk.crc32c === undefined) return 'taken';
    if (has === endByte) throw badAnswer(upload.action, 'it has all of the upload, and does not finish it');
    const before: number = has;
    has = await sendRest(upload, chunk, before, attempt);
    if (has === before) throw new GcsError(503, 'noProgress', 'the store took nothing of a chunk', {});
  }
}

async function sendChunk(upload: Upload, chunk: Chunk): Promise<ChunkOutcome> {
  const { connection, action, options } = upload;
  return connection.run(action, options.signal, async (attempt) => {
    try {
      return await sendOnce(upload, chunk, attempt);
    } catch (error) {
      if (!(error instanceof GcsError) || chunk.crc32c === undefined) throw error;
      if (error.status === 412 && options.ifAbsent === true) return attempt.number > 1 ? 'unclear' : 'exists';
      // An upload that an earlier attempt finished may not be known any more.
      if ((error.status === 404 || error.status === 410) && attempt.number > 1) return 'unclear';
      throw error;
    }
  });
}

async function settle(upload: Upload, outcome: ChunkOutcome): Promise<PutOutcome> {
  const { connection, action, header, options } = upload;
  if (outcome === 'written' || outcome === 'exists') return outcome;
  if (await isWrittenBy(connection, action, header, options.signal)) return 'written';
  if (options.ifAbsent === true) return 'exists';
  throw new Failure('conflict', {
    message: `cannot ${nameOf(action)}: the upload was ended or overwritten by somebody else`,
    remedy: 'Find out who else writes to this archive, then try again.',
  });
}

/** Ends an upload that will not be finished, so that its chunks are not kept. What remains is named by the failure before. */
async function abort({ connection, action, url }: Upload): Promise<void> {
  const ending = connection.run(action, undefined, async (attempt) => {
    const answer = await attempt.send({ method: 'DELETE', url, headers: {} }, [499, 204, 200, 404, 410]);
    for await (const _ of answer.body);
  });
  await ending.catch(() => {});
}

async function sendAll(upload: Upload, parts: AsyncIterator<Uint8Array>, room: PartRoom): Promise<PutOutcome> {
  let startByte = 0;
  let state = CRC32C_START;
  let next = await parts.next();
  for (;;) {
    if (next.done === true) throw new TypeError('a body has at least one part');
    const bytes = next.value;
    next = await parts.next();
    state = extendCrc32c(state, bytes, 0, bytes.byteLength);
    const crc32c = next.done === true ? crc32cText(state) : undefined;
    await room.turn(upload.options.signal);
    const chunk = { bytes, startByte, crc32c };
    const outcome = await room.sent(bytes, () => sendChunk(upload, chunk));
    if (crc32c !== undefined) return settle(upload, outcome);
    startByte += bytes.byteLength;
  }
}

/** Writes an object from parts of a multiple of 256 KiB, of which only the last may be another size. */
export async function putInChunks(
  connection: GcsConnection,
  action: GcsAction,
  parts: AsyncIterator<Uint8Array>,
  room: PartRoom,
  options: PutOptions,
): Promise<PutOutcome> {
  const upload = await begin(connection, action, options);
  if (upload === 'exists') return 'exists';
  try {
    return await sendAll(upload, parts, room);
  } catch (error) {
    await abort(upload);
    throw error;
  }
}
