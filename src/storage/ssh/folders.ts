/**
 * The folders of an archive on another host: made when an object is written, removed when the last one goes, listed in the
 * order of keys.
 *
 * The archive's own folder is never made: a missing one is most often a file system that is not mounted.
 *
 * @module
 */

import { posix } from 'node:path';

import type { FileEntryWithStats } from 'ssh2';

import { Failure } from '../../base/failure.ts';
import { compareKeys } from '../key.ts';
import type { ObjectInfo } from '../object-store.ts';
import { isTmpName } from '../tmp-name.ts';
import { syncFolder } from './make-durable.ts';
import type { SftpChannel } from './sftp-channel.ts';
import { problemOf } from './sftp-error.ts';
import type { SshConnection } from './ssh-connection.ts';

const TRIES = 10;

/** Makes a folder and those above it, and their names durable. */
async function makeFolder(channel: SftpChannel, root: string, folder: string): Promise<void> {
  if (folder === root) return;
  const isMade = await channel.makeFolder(folder).then(
    () => true,
    (error: unknown) => {
      if (problemOf(error) === 'noSuchFile') return false;
      // "failure" is also what is said when it is there, made by somebody else meanwhile; what it is shows when it is used.
      if (problemOf(error) === 'failure') return true;
      throw error;
    },
  );
  if (!isMade) {
    await makeFolder(channel, root, posix.dirname(folder));
    await channel.makeFolder(folder).catch((error: unknown) => {
      if (problemOf(error) !== 'failure' && problemOf(error) !== 'noSuchFile') throw error;
    });
  }
  await syncFolder(channel, posix.dirname(folder));
}

/**
 * Does `work` in `folder`, which is made if it is missing. It may vanish in between, when somebody deletes the last other
 * object in it; it is then made again.
 *
 * @throws {Failure} `unavailable` if the archive's own folder is missing.
 */
export async function giveFolder<T>(
  channel: SftpChannel,
  connection: SshConnection,
  folder: string,
  work: () => Promise<T>,
): Promise<T> {
  for (let triesLeft = TRIES; ; triesLeft -= 1) {
    try {
      return await work();
    } catch (error) {
      if (problemOf(error) !== 'noSuchFile' || triesLeft === 0) throw error;
      await connection.ensureThere(channel);
      await makeFolder(channel, connection.location.path, folder);
    }
  }
}

/** Removes `folder`, and those above it up to the archive's own, as long as they are empty. */
export async function removeEmptyFolders(channel: SftpChannel, root: string, folder: string): Promise<void> {
  for (let at = folder; at !== root && at.startsWith(root); at = posix.dirname(at)) {
    const isGone = await channel.removeFolder(at).then(
      () => true,
      (error: unknown) => {
        if (problemOf(error) === 'connection') throw error;
        return problemOf(error) === 'noSuchFile';
      },
    );
    if (!isGone) return;
  }
}

/** One name in a folder; a folder's ends with `/`, which is also what makes it sort among keys as its objects do. */
interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
  readonly sizeBytes: number;
  readonly modifiedAt: Date;
}

/** ext4 makes this one at the root of a file system. */
const NOT_OURS = 'lost+found';

function toEntry({ filename, attrs }: FileEntryWithStats, folder: string): FolderEntry {
  const isFolder = attrs.isDirectory();
  const isName = filename !== '' && !filename.includes('/') && !filename.includes('\0');
  if (isName && (isFolder || attrs.isFile()))
    return {
      name: isFolder ? `${filename}/` : filename,
      isFolder,
      sizeBytes: attrs.size,
      modifiedAt: new Date(attrs.mtime * 1000),
    };
  throw new Failure('refused', {
    message: `cannot list ${folder}: ${JSON.stringify(filename)} in it is neither a file nor a folder`,
    remedy: 'Move it out of the archive; instead of a symbolic link to a folder, use a bind mount.',
  });
}

/** The entries of a folder in key order; none if it is not there. Files still being written are hidden. */
export async function readFolder(
  connection: SshConnection,
  path: string,
  signal: AbortSignal | undefined,
): Promise<FolderEntry[]> {
  const address = `${connection.address}${path.slice(connection.location.path.length)}`;
  const entries = await connection.runOnExisting(`list ${address}`, signal, (channel) => channel.readFolder(path));
  return (entries ?? [])
    .filter(({ filename }) => !isTmpName(filename) && filename !== NOT_OURS)
    .map((entry) => toEntry(entry, address))
    .toSorted((left, right) => compareKeys(left.name, right.name));
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

/** The wanted objects below the folder at `path`, whose keys begin with `folderKey`. */
export async function* walk(
  connection: SshConnection,
  path: string,
  folderKey: string,
  wanted: Wanted,
): AsyncGenerator<ObjectInfo> {
  wanted.signal?.throwIfAborted();
  for (const { name, isFolder, sizeBytes, modifiedAt } of await readFolder(connection, path, wanted.signal)) {
    const key = folderKey + name;
    if (isFolder && canHold(key, wanted))
      yield* walk(connection, `${path}${path.endsWith('/') ? '' : '/'}${name.slice(0, -1)}`, key, wanted);
    if (isFolder || !key.startsWith(wanted.prefix) || compareKeys(key, wanted.after) <= 0) continue;
    wanted.signal?.throwIfAborted();
    yield { key, sizeBytes, modifiedAt };
  }
}
