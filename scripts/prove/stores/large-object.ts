/**
 * An object larger than what one request of S3 may hold (5 GiB): written in parts and read back as a stream, on a real
 * server, with bounded memory.
 *
 * @module
 */

import { crc32 } from 'node:zlib';

import { openStore } from '../../../src/storage/open.ts';
import { startMinio } from '../../../tests/support/minio.ts';
import { seededRandom } from '../../../tests/support/random.ts';

const MIB = 1024 * 1024;
const PIECE_BYTES = 8 * MIB;
/** One piece and an odd rest beyond 5 GiB. */
const SIZE_BYTES = 5 * 1024 * MIB + PIECE_BYTES + 7;

async function* pieces(seed: number, note: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  const random = seededRandom(seed);
  const pattern = Buffer.alloc(PIECE_BYTES);
  for (let at = 0; at < PIECE_BYTES; at += 4) pattern.writeUInt32LE(random.between(0, 0xffffffff), at);
  for (let at = 0; at < SIZE_BYTES; at += PIECE_BYTES) {
    const piece = Buffer.from(pattern.subarray(0, Math.min(PIECE_BYTES, SIZE_BYTES - at)));
    // No two pieces are the same.
    piece.writeUInt32LE(Math.floor(at / PIECE_BYTES), 0);
    note(piece);
    yield piece;
  }
}

/** How it went; `problem` says what was found. */
export interface LargeObjectOutcome {
  readonly kind: 'passed' | 'failed' | 'skipped';
  readonly problem?: string;
}

/** Writes and reads one; `skipped` where there is no server. */
export async function tryLargeObject(seed: number): Promise<LargeObjectOutcome> {
  await using server = await startMinio();
  if (server === undefined) return { kind: 'skipped' };
  const store = await openStore(await server.newBucket({ maxPartSizeBytes: 64 * MIB }));
  let written = 0;
  await store.put(
    'large',
    pieces(seed, (piece) => (written = crc32(piece, written))),
    { ifAbsent: true },
  );
  const info = await store.stat('large');
  let [read, readBytes] = [0, 0];
  for await (const piece of (await store.open('large')) ?? []) {
    read = crc32(piece, read);
    readBytes += piece.byteLength;
  }
  await store.close();
  const failed = (problem: string): LargeObjectOutcome => ({ kind: 'failed', problem });
  if (info?.sizeBytes !== SIZE_BYTES) return failed(`of ${SIZE_BYTES} bytes, ${info?.sizeBytes} are said to be there`);
  if (readBytes !== SIZE_BYTES || read !== written) return failed(`${readBytes} bytes were read, or other ones`);
  return { kind: 'passed' };
}
