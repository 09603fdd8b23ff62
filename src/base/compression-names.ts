/**
 * The compressions an object of an archive may have, and the file name extensions that tell them.
 *
 * An extension is all an object says about itself: nothing inside names the method. What the program can read
 * is {@link ReadableCompression}; the rest is known by name only, so that an object in it is never taken for absent.
 *
 * Source: WAL-G `internal/compression` (extension and method names).
 *
 * @module
 */

/** What the program reads and writes. */
export type Compression = 'zstd' | 'lz4' | 'brotli' | 'none';

/** What the program reads: WAL-G has written the others too, or still does. */
export type ReadableCompression = Compression | 'lzma' | 'gzip';

/** What an archive may hold: WAL-E wrote the last. */
export type StoredCompression = ReadableCompression | 'lzo';

const EXTENSIONS: Readonly<Record<StoredCompression, string>> = {
  zstd: 'zst',
  lz4: 'lz4',
  none: '',
  lzma: 'lzma',
  gzip: 'gz',
  brotli: 'br',
  lzo: 'lzo',
};

const BY_EXTENSION: ReadonlyMap<string, StoredCompression> = new Map([
  ['zst', 'zstd'],
  ['lz4', 'lz4'],
  ['', 'none'],
  ['lzma', 'lzma'],
  ['gz', 'gzip'],
  ['br', 'brotli'],
  ['lzo', 'lzo'],
]);

/** The extension of objects so compressed, without its dot: `zst`, `lz4`; empty for `none`. */
export function extensionOf(compression: StoredCompression): string {
  return EXTENSIONS[compression];
}

/** The compression an extension (without its dot) stands for; `undefined` if it is none of them. */
export function compressionOfExtension(extension: string): StoredCompression | undefined {
  return BY_EXTENSION.get(extension);
}

/** True if the program can read it. */
export function isReadableCompression(compression: StoredCompression): compression is ReadableCompression {
  return compression !== 'lzo';
}
