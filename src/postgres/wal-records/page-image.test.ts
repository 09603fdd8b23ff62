import { zstdCompressSync } from 'node:zlib';

import { compressSync } from 'lz4-napi';
import { describe, expect, it } from 'vitest';

import { PAGE_DECOMPRESSORS } from '../../wal-index/page-decompressors.ts';
import { restorePage, type StoredImage } from './page-image.ts';

const HOLE = { holeOffset: 200, holeBytes: 5000 };

function page(): Buffer {
  const bytes = Buffer.alloc(8192);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = (at * 31) % 7;
  bytes.fill(0, HOLE.holeOffset, HOLE.holeOffset + HOLE.holeBytes);
  return bytes;
}

function withoutHole(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, HOLE.holeOffset), bytes.subarray(HOLE.holeOffset + HOLE.holeBytes)]);
}

const PACKED: Readonly<Record<'none' | 'lz4' | 'zstd', (content: Buffer) => Buffer>> = {
  none: (content) => content,
  // Behind the length that this library puts before a block.
  lz4: (content) => compressSync(content).subarray(4),
  zstd: (content) => zstdCompressSync(content),
};

function restored(stored: Buffer, image: Partial<StoredImage>) {
  const before = Buffer.alloc(13, 0xee);
  const bytes = Buffer.concat([before, stored, Buffer.alloc(9, 0xee)]);
  const whole = {
    imageStart: 13,
    imageBytes: stored.length,
    holeOffset: 0,
    holeBytes: 0,
    compression: 'none',
  } as const;
  return restorePage(bytes, { ...whole, ...image }, PAGE_DECOMPRESSORS);
}

describe('a page image', () => {
  it.each(['none', 'lz4', 'zstd'] as const)('stored with %s is the page, with and without its hole', (compression) => {
    const pack = PACKED[compression];
    expect(restored(pack(page()), { compression })).toEqual(page());
    expect(restored(pack(withoutHole(page())), { compression, ...HOLE })).toEqual(page());
  });

  it.each(['none', 'pglz', 'lz4', 'zstd'] as const)('that is not one page of %s is none', (compression) => {
    const pack = compression === 'pglz' ? PACKED.none : PACKED[compression];
    expect(restored(pack(withoutHole(page())), { compression })).toBeUndefined();
    expect(restored(Buffer.alloc(100, 0x99), { compression, ...HOLE })).toBeUndefined();
    expect(restored(Buffer.alloc(0), { compression })).toBeUndefined();
  });
});
