/**
 * Compressed objects, of every compression that is read.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

import { compress, compressStream, decompress, decompressStream } from '../../../src/codec/compression.ts';
import type { ReadableCompression } from '../../../src/base/compression-names.ts';
import { FIXTURES } from '../../../tests/support/fixture-archive.ts';
import { inPieces, joined, noise, pages } from '../../../tests/support/pieces.ts';
import type { HostileKind } from './hostile-kind.ts';
import { MOST_BYTES, OBJECT, objectKind, type SoundObject } from './object-trials.ts';

const CONTENTS = [pages(200), pages(5000), pages(30_000), noise(3000), Buffer.alloc(20_000), Buffer.alloc(1)];
/** An object of WAL-G's, in lzma. */
const LABEL = 'pg15-lzma-v305/archive/basebackups_005/base_000000010000000000000002/tar_partitions/pg_control.tar.lzma';

async function written(compression: 'zstd' | 'lz4' | 'brotli'): Promise<readonly SoundObject[]> {
  const whole = CONTENTS.map(async (content) => ({ content, stored: await compress(compression, content) }));
  const content = pages(9000);
  const frames = compressStream(compression, inPieces(content, 1000), { frameSizeBytes: 9000 });
  return [...(await Promise.all(whole)), { content, stored: await joined(frames) }];
}

async function soundObjects(compression: ReadableCompression): Promise<readonly SoundObject[]> {
  switch (compression) {
    case 'zstd':
    case 'lz4':
    case 'brotli':
      return written(compression);
    case 'gzip':
      return CONTENTS.map((content) => ({ content, stored: gzipSync(content) }));
    case 'lzma': {
      const stored = await readFile(join(FIXTURES, LABEL));
      return [{ stored, content: await decompress('lzma', stored, { maxBytes: MOST_BYTES, object: OBJECT }) }];
    }
    case 'none':
      return [];
  }
}

function compressed(compression: ReadableCompression, weight: number, isProven: boolean): HostileKind {
  return objectKind({
    name: compression,
    weight,
    isProven,
    sound: () => soundObjects(compression),
    whole: (stored) => decompress(compression, stored, { maxBytes: MOST_BYTES, object: OBJECT }),
    stream: (stored, pieceBytes) => decompressStream(compression, inPieces(stored, pieceBytes), OBJECT),
  });
}

/** The kinds. brotli and lzma hold no checksum: what is read of a changed object may be something else. */
export const COMPRESSED_OBJECTS: readonly HostileKind[] = [
  compressed('zstd', 3, true),
  compressed('lz4', 3, true),
  compressed('gzip', 1, true),
  compressed('brotli', 2, false),
  compressed('lzma', 1, false),
];
