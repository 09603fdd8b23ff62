/**
 * Names of WAL objects in an archive: which file of the server an object holds, and where a file may be found.
 *
 * A WAL object is named for the server's file and its compression: `wal_005/0000000100000000000000A1.zst`. Uncompressed
 * objects have the bare name, or a trailing dot (WAL-G builds of early 2026). One file may exist under several names
 * after the compression setting changed. Objects beside them that are no file of the server (`_delta`, `.json`) have no
 * name here.
 *
 * Source: WAL-G `utility/utility.go`, `internal/fetch_helper.go` (`findDecompressorAndDownload`).
 *
 * @module
 */

import { compressionOfExtension, extensionOf, type StoredCompression } from '../base/compression-names.ts';

/** Folder of WAL segments, timeline history and backup history files. */
export const WAL_FOLDER = 'wal_005/';

/** Folder of base backups. */
export const BACKUPS_FOLDER = 'basebackups_005/';

/** What kind of file of the server's `pg_wal` it is. */
export type WalFileKind = 'segment' | 'history' | 'partial' | 'backupHistory';

/** One name under which a file may be stored. */
export interface WalObjectName {
  readonly key: string;
  readonly compression: StoredCompression;
}

/** The file of the server that an object holds. */
export interface WalFile {
  /** The server's own name: `0000000100000000000000A1`, `00000002.history` … */
  readonly fileName: string;
  readonly kind: WalFileKind;
  readonly compression: StoredCompression;
}

const KINDS: readonly (readonly [WalFileKind, RegExp])[] = [
  ['segment', /^[0-9A-F]{24}$/],
  ['history', /^[0-9A-F]{8}\.history$/],
  ['partial', /^[0-9A-F]{24}\.partial$/],
  ['backupHistory', /^[0-9A-F]{24}\.[0-9A-F]{8}\.backup$/],
];

const OBJECT_NAME = /^([0-9A-F]{24}(?:\.partial|\.[0-9A-F]{8}\.backup)?|[0-9A-F]{8}\.history)(?:\.([a-z0-9]*))?$/;

/** Extensions in the order WAL-G tries them; the bare name comes after all of them. */
const LOOKUP_ORDER: readonly StoredCompression[] = ['lz4', 'lzma', 'gzip', 'none', 'brotli', 'lzo', 'zstd'];

/** The kind of a file of the server's `pg_wal` by its name; `undefined` for any other name, also one with a path in it. */
export function walFileKind(fileName: string): WalFileKind | undefined {
  return KINDS.find(([, shape]) => shape.test(fileName))?.[0];
}

/** The key a file is written under. */
export function walObjectKey(fileName: string, compression: StoredCompression): string {
  const extension = extensionOf(compression);
  return `${WAL_FOLDER}${fileName}${extension === '' ? '' : `.${extension}`}`;
}

/**
 * Every name a file may be stored under, in the order to try: the preferred compression, then WAL-G's order. Some are of
 * compressions the program cannot read; a file found under such a name is there, and is not to be called absent.
 */
export function walObjectNames(fileName: string, preferred?: StoredCompression): WalObjectName[] {
  const names: WalObjectName[] = LOOKUP_ORDER.map((compression) => ({
    key: `${WAL_FOLDER}${fileName}.${extensionOf(compression)}`,
    compression,
  }));
  names.push({ key: `${WAL_FOLDER}${fileName}`, compression: 'none' });
  if (preferred === undefined) return names;
  const first = walObjectKey(fileName, preferred);
  return [{ key: first, compression: preferred }, ...names.filter((name) => name.key !== first)];
}

/** The file an object holds, from its key; `undefined` if it is no WAL object (another folder, `_delta`, `.json` …). */
export function walFileOf(key: string): WalFile | undefined {
  if (!key.startsWith(WAL_FOLDER)) return undefined;
  const [, fileName, extension = ''] = OBJECT_NAME.exec(key.slice(WAL_FOLDER.length)) ?? [];
  const compression = compressionOfExtension(extension);
  if (fileName === undefined || compression === undefined) return undefined;
  const kind = walFileKind(fileName);
  return kind === undefined ? undefined : { fileName, kind, compression };
}
