/**
 * The control file that a backup holds, read without restoring it.
 *
 * @module
 */

import type { StoredCompression } from '../base/compression-names.ts';
import { decompress } from '../codec/compression.ts';
import { corrupt } from '../codec/corrupt.ts';
import { readTar } from '../codec/tar-reader.ts';
import { parseControlFile, type ControlFile } from '../postgres/control-file.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { parseTarObjectName, tarPartitionsFolder } from '../walg/backup-names.ts';

/** A tar with one file of 8 KiB. */
const MAX_TAR_BYTES = 1024 * 1024;
const CONTROL_FILE = /^\/?global\/pg_control$/;

/** The control file in a tar of its own. @throws {Failure} `corrupt`, naming the object. */
export async function readControlObject(
  store: ObjectStore,
  { key, compression }: { readonly key: string; readonly compression: StoredCompression },
  options: CallOptions = {},
): Promise<ControlFile> {
  const stored = await store.get(key, options);
  if (stored === undefined) throw corrupt(key, 'it is gone');
  const tar = await decompress(compression, stored, { maxBytes: MAX_TAR_BYTES, object: key });
  for await (const entry of readTar(once(tar), key)) {
    if (!CONTROL_FILE.test(entry.name)) continue;
    const content: Buffer[] = [];
    for await (const piece of entry.body) content.push(Buffer.from(piece));
    return parseControlFile(Buffer.concat(content));
  }
  throw corrupt(key, 'it does not hold global/pg_control');
}

/** The control file of a backup; `undefined` if it has no object of its own, as in WAL-E's. */
export async function controlOfBackup(
  store: ObjectStore,
  backupName: string,
  options: CallOptions = {},
): Promise<ControlFile | undefined> {
  const { objects } = await store.listFolder(tarPartitionsFolder(backupName), options);
  for (const { key } of objects) {
    const tar = parseTarObjectName(key.slice(key.lastIndexOf('/') + 1));
    if (tar?.kind === 'pgControl') return readControlObject(store, { key, compression: tar.compression }, options);
  }
  return undefined;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
