/**
 * The bytes of a part as they are stored, from what its worker hands over.
 *
 * Workers compress what can be cut into frames. brotli is one stream, which `node:zlib` writes on threads of its own, and
 * so the worker then hands over the tar as it is.
 *
 * @module
 */

import type { Compression } from '../base/compression-names.ts';
import { compressStream } from '../codec/compression.ts';
import type { FrameQueue } from './frame-queue.ts';

/** What the worker of a part makes, of what the part is stored as. */
export function workerCompression(compression: Compression): Exclude<Compression, 'brotli'> {
  return compression === 'brotli' ? 'none' : compression;
}

/** What is put into the store, and how many bytes it was in the end; `undefined` if the worker has counted them. */
export interface PartBody {
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly storedBytes: () => number | undefined;
}

/** The body of a part that is stored as `compression`. */
export function partBody(compression: Compression, frames: FrameQueue): PartBody {
  if (compression !== 'brotli') return { pieces: frames, storedBytes: () => undefined };
  let storedBytes = 0;
  async function* counted(): AsyncGenerator<Uint8Array> {
    for await (const piece of compressStream('brotli', frames)) {
      storedBytes += piece.length;
      yield piece;
    }
  }
  return { pieces: counted(), storedBytes: () => storedBytes };
}
