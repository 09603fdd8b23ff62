/**
 * Reads one file of a server's WAL (segment, history, `.partial`, `.backup`) from an archive, whatever it was compressed with.
 *
 * "Absent" is an answer, never a guess: it is given only after a listing of the file's names came back without it. An
 * object under a compression that the program cannot read is a failure that names it, not an absent file.
 *
 * Source: WAL-G `internal/fetch_helper.go` (`findDecompressorAndDownload`) for the order of names.
 *
 * @module
 */

import type { ReadableCompression } from '../base/compression-names.ts';
import { Failure } from '../base/failure.ts';
import { decompress } from '../codec/compression.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import { WAL_FOLDER, walFileOf, walObjectKey, walObjectNames, type WalObjectName } from '../walg/object-names.ts';

/** The largest file that an archive can hold: a segment of 1 GiB. */
const MAX_WAL_FILE_BYTES = 1024 * 1024 * 1024;

/** How to read. */
export interface ReadWalFileOptions {
  /** The compression to try first: the one this archive is written with. Others are found too, one request later. */
  readonly preferred?: ReadableCompression;
  readonly signal?: AbortSignal;
  /** Waited for between download and decoding: where decoded segments are bounded in number, their downloads need not be. */
  readonly beforeDecoding?: (() => Promise<void>) | undefined;
}

/** A file as the server wrote it, and the object it came from. */
export interface ArchivedWalFile {
  readonly bytes: Buffer;
  readonly key: string;
}

/**
 * The objects that hold `fileName`, in the order WAL-G tries them.
 *
 * One listing instead of a question for each name: it is one request on an object store, and it proves absence. Where
 * questions are cheaper, as in a folder whose every file a listing reads, they are asked.
 */
export async function findWalObjects(
  store: ObjectStore,
  fileName: string,
  signal?: AbortSignal,
): Promise<WalObjectName[]> {
  const options = signal === undefined ? {} : { signal };
  const names = walObjectNames(fileName);
  if (store.answersCheaply === true) {
    const found = await Promise.all(names.map(async ({ key }) => store.stat(key, options)));
    return names.filter((_, index) => found[index] !== undefined);
  }
  const present = new Set<string>();
  for await (const { key } of store.list(`${WAL_FOLDER}${fileName}`, options)) {
    if (walFileOf(key)?.fileName === fileName) present.add(key);
  }
  return names.filter(({ key }) => present.has(key));
}

/** Decodes an object's bytes. @throws {Failure} if they are damaged, or in a compression the program has not. */
export async function decodeWalObject({ key, compression }: WalObjectName, stored: Uint8Array): Promise<Buffer> {
  return decompress(compression, stored, { maxBytes: MAX_WAL_FILE_BYTES, object: key });
}

async function readObject(
  store: ObjectStore,
  name: WalObjectName,
  { signal, beforeDecoding }: ReadWalFileOptions,
): Promise<ArchivedWalFile | undefined> {
  const stored = await store.get(name.key, signal === undefined ? {} : { signal });
  if (stored === undefined) return undefined;
  await beforeDecoding?.();
  const bytes = await decodeWalObject(name, stored);
  // Uncompressed, they are one and the same.
  if (bytes.buffer !== stored.buffer) releaseBuffer(stored);
  return { key: name.key, bytes };
}

/**
 * The file `fileName` of the server, decompressed; `undefined` if it is proven absent.
 *
 * @throws {Failure} `corrupt`, `denied`, `unavailable` when it could not be read; never `undefined` for these.
 */
export async function readWalFile(
  store: ObjectStore,
  fileName: string,
  options: ReadWalFileOptions = {},
): Promise<ArchivedWalFile | undefined> {
  const preferred = options.preferred ?? 'zstd';
  const first = { key: walObjectKey(fileName, preferred), compression: preferred };
  const found = await readObject(store, first, options);
  if (found !== undefined) return found;
  const listed = await findWalObjects(store, fileName, options.signal);
  for (const name of listed) {
    const other = await readObject(store, name, options);
    if (other !== undefined) return other;
  }
  if (listed[0] === undefined) return undefined;
  // Not absent: of the two answers one is wrong, and a server that believed the second would end its recovery here.
  throw new Failure('unavailable', {
    message: `cannot read ${listed[0].key} in ${store.address}: it is listed there, and when it is read the answer is that there is no such object`,
    remedy:
      'Try again: it may just have been deleted or written. If it stays so, look at the object with another client.',
  });
}
