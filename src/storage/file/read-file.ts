/**
 * Reading a file, or a span of it, piece by piece.
 *
 * A file that ends before the size it had when it was opened is a failure: what was read of it is not the object.
 *
 * @module
 */

import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';

import { Failure } from '../../base/failure.ts';
import type { ByteRange, ReadOptions } from '../object-store.ts';
import type { ArchiveRoot } from './root.ts';

const PIECE_BYTES = 1024 * 1024;

/** The first byte of a range and the one after its last, cut to an object of `sizeBytes`. */
export function spanOf(range: ByteRange | undefined, sizeBytes: number): { startByte: number; endByte: number } {
  if (range === undefined) return { startByte: 0, endByte: sizeBytes };
  const startByte = Math.min(range.startByte, sizeBytes);
  return { startByte, endByte: Math.min(startByte + range.lengthBytes, sizeBytes) };
}

async function readPiece(handle: FileHandle, startByte: number, lengthBytes: number): Promise<Buffer> {
  const piece = Buffer.allocUnsafe(lengthBytes);
  const { bytesRead } = await handle.read(piece, 0, lengthBytes, startByte);
  return piece.subarray(0, bytesRead);
}

/** The pieces of the file at `path`, which was there a moment ago. */
export async function* readPieces(root: ArchiveRoot, path: string, options: ReadOptions): AsyncGenerator<Buffer> {
  options.signal?.throwIfAborted();
  await using handle = await root.run('read', path, open(path, constants.O_RDONLY | constants.O_NOFOLLOW));
  const { size } = await root.run('read', path, handle.stat());
  const { startByte, endByte } = spanOf(options.range, size);
  for (let at = startByte; at < endByte;) {
    options.signal?.throwIfAborted();
    const piece = await root.run('read', path, readPiece(handle, at, Math.min(PIECE_BYTES, endByte - at)));
    if (piece.byteLength === 0) throw endedEarly(path, at, size);
    at += piece.byteLength;
    yield piece;
  }
}

function endedEarly(path: string, atByte: number, sizeBytes: number): Failure {
  return new Failure('unavailable', {
    message: `cannot read ${path}: it ended at byte ${atByte}, and had ${sizeBytes} bytes when it was opened`,
    remedy: 'Find out which program cuts files in the archive, then try again.',
  });
}
