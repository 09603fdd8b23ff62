import { describe, expect, it } from 'vitest';

import { decompressSync } from '../codec/compression.ts';
import { createFrameEncoder } from './frame-encoder.ts';

/** As a worker gives a frame to the main thread: memory and all. */
function givenAway(frame: Buffer): Buffer {
  expect(frame.byteOffset).toBe(0);
  expect(frame.buffer.byteLength).toBe(frame.length);
  const { buffer } = frame;
  if (!(buffer instanceof ArrayBuffer)) throw new Error('it is shared memory');
  return Buffer.from(structuredClone(buffer, { transfer: [buffer] }));
}

describe.each(['zstd', 'lz4', 'none'] as const)('a part encoded as %s', (compression) => {
  it.each([1, 512, 4096, 8192, 60_000, 70_000, 1_000_000, 4 * 1024 * 1024])(
    'gives away frames of pieces of %i bytes, and reads back',
    (sizeBytes) => {
      const encoder = createFrameEncoder(compression, 1);
      // Many small frames in a row come from every place of a shared pool, its beginning included.
      const pieces = Array.from({ length: sizeBytes < 100_000 ? 200 : 2 }, (_, at) => Buffer.alloc(sizeBytes, at));
      const frames = [...pieces.map((piece) => givenAway(encoder.encode(piece))), givenAway(encoder.end())];
      const whole = Buffer.concat(pieces);
      const limit = { maxBytes: whole.length, object: 'part_001.tar' };
      expect(decompressSync(compression, Buffer.concat(frames), limit).equals(whole)).toBe(true);
    },
  );
});
