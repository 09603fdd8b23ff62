/**
 * Listing the objects of an archive in a folder, in the order of their keys.
 *
 * Files still being written are hidden. A symbolic link is refused, not skipped: a listing that leaves something out
 * would be taken for proof that it is not there.
 *
 * @module
 */

import type { Dirent } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../../base/failure.ts';
import { compareKeys } from '../key.ts';
import type { ObjectInfo } from '../object-store.ts';
import type { ArchiveRoot } from './root.ts';
import { isTmpName } from '../tmp-name.ts';

/** One name in a folder; a folder's ends with `/`, which is also what makes it sort among keys as its objects do. */
export interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** ext4 makes this one at the root of a file system. */
const NOT_OURS = 'lost+found';

function toEntry(dirent: Dirent, folder: string): FolderEntry {
  if (dirent.isDirectory()) return { name: `${dirent.name}/`, isFolder: true };
  if (dirent.isFile()) return { name: dirent.name, isFolder: false };
  throw new Failure('refused', {
    message: `cannot list ${folder}: ${JSON.stringify(dirent.name)} in it is neither a file nor a folder`,
    remedy: 'Move it out of the archive; instead of a symbolic link to a folder, use a bind mount.',
  });
}

/** The entries of a folder in key order; `undefined` if it is not there. */
export async function readFolder(root: ArchiveRoot, folder: string): Promise<FolderEntry[] | undefined> {
  const dirents = await root.runOnExisting('list', folder, readdir(folder, { withFileTypes: true }));
  return dirents
    ?.filter(({ name }) => !isTmpName(name) && name !== NOT_OURS)
    .map((dirent) => toEntry(dirent, folder))
    .toSorted((left, right) => compareKeys(left.name, right.name));
}

/** Size and time of a file; `undefined` if it is not there any more, or is no file. */
export async function fileInfo(root: ArchiveRoot, path: string, key: string): Promise<ObjectInfo | undefined> {
  const found = await root.runOnExisting('look at', path, lstat(path));
  if (found === undefined || found.isDirectory()) return undefined;
  if (found.isFile()) return { key, sizeBytes: found.size, modifiedAt: found.mtime };
  throw new Failure('refused', {
    message: `cannot use ${path}: it is no regular file`,
    remedy: 'Replace it by the file itself.',
  });
}

/** What a listing is of: keys that begin with `prefix` and sort after `after`. */
export interface Wanted {
  readonly prefix: string;
  readonly after: string;
  readonly signal: AbortSignal | undefined;
}

/** True if a key that begins with `folderKey` can be wanted. */
function canHold(folderKey: string, { prefix, after }: Wanted): boolean {
  const reachesPrefix = folderKey.startsWith(prefix) || prefix.startsWith(folderKey);
  return reachesPrefix && (after.startsWith(folderKey) || compareKeys(folderKey, after) > 0);
}

function isWanted(key: string, { prefix, after }: Wanted): boolean {
  return key.startsWith(prefix) && compareKeys(key, after) > 0;
}

/** The wanted objects below `folder`, whose keys begin with `folderKey`. */
export async function* walk(
  root: ArchiveRoot,
  folder: string,
  folderKey: string,
  wanted: Wanted,
): AsyncGenerator<ObjectInfo> {
  wanted.signal?.throwIfAborted();
  for (const { name, isFolder } of (await readFolder(root, folder)) ?? []) {
    const key = folderKey + name;
    if (isFolder && canHold(key, wanted)) yield* walk(root, join(folder, name), key, wanted);
    if (isFolder || !isWanted(key, wanted)) continue;
    wanted.signal?.throwIfAborted();
    const info = await fileInfo(root, join(folder, name), key);
    if (info !== undefined) yield info;
  }
}
