/**
 * brotli and gzip, by `node:zlib`. brotli is read and written, as one stream, which is all that WAL-G reads; gzip is read.
 *
 * Node stops at the end of a stream and says nothing of what comes after it: here an object that goes on is refused.
 *
 * Source: RFC 7932, RFC 1952; WAL-G `internal/compression/{brotli,gzip}`.
 *
 * @module
 */

import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import {
  brotliCompress,
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createBrotliDecompress,
  createGunzip,
  type BrotliOptions,
} from 'node:zlib';

import { corrupt } from './corrupt.ts';

/** What is read here. */
export type ZlibFormat = 'brotli' | 'gzip';

/** WAL-G's. */
const QUALITY = 3;
const CHUNK_BYTES = 256 * 1024;

function writing(sizeBytes?: number): BrotliOptions {
  return {
    chunkSize: CHUNK_BYTES,
    params: {
      [constants.BROTLI_PARAM_QUALITY]: QUALITY,
      ...(sizeBytes === undefined ? {} : { [constants.BROTLI_PARAM_SIZE_HINT]: Math.min(sizeBytes, 2 ** 30) }),
    },
  };
}

/** Compresses to one stream, off the main thread. */
export async function brotliCompressWhole(data: Uint8Array): Promise<Buffer> {
  return promisify(brotliCompress)(data, writing(data.byteLength));
}

/** {@link brotliCompressWhole}, on this thread. */
export function brotliCompressWholeSync(data: Uint8Array): Buffer {
  return brotliCompressSync(data, writing(data.byteLength));
}

/** A source may use a piece's memory again when it is asked for the next; a stream of Node holds some pieces. */
async function* copied(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  for await (const piece of source) yield Buffer.from(piece);
}

/** {@link brotliCompressWhole}, as a stream. */
export async function* brotliCompressStream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  const encoder = createBrotliCompress(writing());
  const fed = pipeline(copied(source), encoder);
  fed.catch(() => {});
  yield* encoder;
  await fed;
}

function goesOn(format: ZlibFormat, object: string, atByte: number): Error {
  return corrupt(object, `there is something after its ${format} data`, atByte);
}

function undecodable(format: ZlibFormat, object: string, cause: unknown): Error {
  return corrupt(object, `its ${format} data is damaged or cut`, undefined, cause);
}

/** Decompresses a stream in bounded memory. @throws {Failure} `corrupt` */
export async function* zlibDecompressStream(
  format: ZlibFormat,
  source: AsyncIterable<Uint8Array>,
  object: string,
): AsyncGenerator<Buffer> {
  const options = { chunkSize: CHUNK_BYTES };
  const decoder = format === 'brotli' ? createBrotliDecompress(options) : createGunzip(options);
  let [givenBytes, sourceFailure]: [number, unknown] = [0, undefined];
  async function* given(): AsyncGenerator<Uint8Array> {
    try {
      for await (const piece of copied(source)) {
        givenBytes += piece.length;
        yield piece;
      }
    } catch (error) {
      sourceFailure = error;
      throw error;
    }
  }
  const fed = pipeline(given(), decoder);
  fed.catch(() => {});
  try {
    yield* decoder;
    await fed;
  } catch (error) {
    if (error === sourceFailure) throw error;
    throw givenBytes === 0 ? corrupt(object, 'it is empty') : undecodable(format, object, error);
  }
  if (decoder.bytesWritten < givenBytes) throw goesOn(format, object, decoder.bytesWritten);
}
