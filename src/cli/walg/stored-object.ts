/**
 * One object of an archive as it is stored, or with its encryption and compression taken off.
 *
 * @module
 */

import type { Archive, OpenArchiveOptions } from '../../app/open-archive.ts';
import { isPlainKey } from '../../archive/encrypted-keys.ts';
import { compressionOfExtension } from '../../base/compression-names.ts';
import { decompressStream } from '../../codec/compression.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { noObject } from './storage-flags.ts';

/** As WAL-G does, whatever is put somewhere is encrypted where a key is set; but what an archive itself leaves readable stays so. */
export const ENCRYPTS_ANY: OpenArchiveOptions = { isEncrypted: (key) => !isPlainKey(key) };

/** What is taken off. */
export interface StoredShape {
  readonly decrypts: boolean;
  readonly decompresses: boolean;
  readonly signal: AbortSignal;
}

/** The store that encrypts what is put and decrypts what is read, or the one that does not. */
export function writableStore(archive: Archive, encrypts: boolean): ObjectStore {
  return encrypts ? archive.store : archive.storedAs;
}

/** An object's bytes as they come. @throws {Failure} `notInArchive`. */
export async function openStoredObject(
  archive: Archive,
  key: string,
  { decrypts, decompresses, signal }: StoredShape,
): Promise<AsyncIterable<Buffer>> {
  const pieces = await writableStore(archive, decrypts).open(key, { signal });
  if (pieces === undefined) throw noObject(key, archive.store.address);
  const compression = compressionOfExtension(/\.([a-z0-9]+)$/.exec(key)?.[1] ?? '');
  if (!decompresses || compression === undefined || compression === 'none') return pieces;
  return decompressStream(compression, pieces, key);
}
