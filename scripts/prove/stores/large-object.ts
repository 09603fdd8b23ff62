/**
 * An object larger than what one request of S3 may hold (5 GiB), and than what 32 bits count: written as a stream and read
 * back as one, on the real server of each store, with bounded memory of ours.
 *
 * @module
 */

import { crc32 } from 'node:zlib';

import type { ObjectStore } from '../../../src/storage/object-store.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import type { LargeStore } from './large-stores.ts';

const PIECE_BYTES = 8 * 1024 * 1024;

async function* pieces(sizeBytes: number, seed: number, note: (piece: Buffer) => void): AsyncGenerator<Buffer> {
  const random = seededRandom(seed);
  const pattern = Buffer.alloc(PIECE_BYTES);
  for (let at = 0; at < PIECE_BYTES; at += 4) pattern.writeUInt32LE(random.between(0, 0xffffffff), at);
  for (let at = 0; at < sizeBytes; at += PIECE_BYTES) {
    const piece = Buffer.from(pattern.subarray(0, Math.min(PIECE_BYTES, sizeBytes - at)));
    // No two pieces are the same.
    piece.writeUInt32LE(Math.floor(at / PIECE_BYTES), 0);
    note(piece);
    yield piece;
  }
}

/** How it went; `problem` says what was found, `figure` how long it took. */
export interface LargeObjectOutcome {
  readonly kind: 'passed' | 'failed' | 'skipped';
  readonly problem?: string;
  readonly figure?: string;
}

/** Writes and reads one; `skipped` where there is no server. */
export async function tryLargeObject({ open, sizeBytes }: LargeStore, seed: number): Promise<LargeObjectOutcome> {
  await using opened = new AsyncDisposableStack();
  const store = await open(opened);
  if (store === undefined) return { kind: 'skipped' };
  const startedMs = Date.now();
  let written = 0;
  await store.put(
    'large',
    pieces(sizeBytes, seed, (piece) => (written = crc32(piece, written))),
    { ifAbsent: true },
  );
  const writtenMs = Date.now();
  const problem = await lookAt(store, sizeBytes, written);
  await store.close();
  if (problem !== undefined) return { kind: 'failed', problem };
  const secondsOf = (ms: number): number => Math.round(ms / 1000);
  const [writing, reading] = [secondsOf(writtenMs - startedMs), secondsOf(Date.now() - writtenMs)];
  return { kind: 'passed', figure: `written in ${writing} s, read in ${reading} s` };
}

/** What is not as it was written. */
async function lookAt(store: ObjectStore, sizeBytes: number, written: number): Promise<string | undefined> {
  const info = await store.stat('large');
  if (info?.sizeBytes !== sizeBytes) return `of ${sizeBytes} bytes, ${info?.sizeBytes} are said to be there`;
  let [read, readBytes] = [0, 0];
  for await (const piece of (await store.open('large')) ?? []) {
    read = crc32(piece, read);
    readBytes += piece.byteLength;
  }
  if (readBytes !== sizeBytes || read !== written) return `${readBytes} bytes were read, or other ones`;
  // Where 31 and 32 bits end, and at the object's end.
  for (const startByte of [2 ** 31 - 4, 2 ** 32 - 4, sizeBytes - 4]) {
    const range = await store.get('large', { range: { startByte, lengthBytes: 8 } });
    const expectedBytes = Math.max(0, Math.min(8, sizeBytes - startByte));
    if (range?.byteLength !== expectedBytes) return `from byte ${startByte} on, ${range?.byteLength} bytes were read`;
  }
  return undefined;
}
