/**
 * Where a bootstrap works: in a folder beside the data directory that Patroni has named, on the same file system. The data
 * directory itself stays as it is, empty or absent, until one rename puts the finished data there. So whatever is killed,
 * and whenever, Patroni never finds half of a cluster that it could start.
 *
 * There is one such folder for a data directory; an attempt that is gone on with, or begun anew, uses it again.
 *
 * @module
 */

import { constants } from 'node:fs';
import { access, lstat, mkdir, readdir, rename, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { isMountPoint } from '../instance/mount-point.ts';
import { isThere, syncFolder } from '../instance/durable-rename.ts';

/** The folders of one bootstrap. */
export interface BootstrapPlace {
  /** Where Patroni will look for the cluster. */
  readonly dataDirectory: string;
  /** Holds everything of the attempt; stays afterwards, with its journal. */
  readonly folder: string;
  /** What becomes the data directory. */
  readonly data: string;
  /** Restored tablespaces of one attempt: they stay where they are. */
  tablespacesOf(id: string): string;
}

/** The place for a data directory. Nothing is looked at. */
export function bootstrapPlace(dataDirectory: string): BootstrapPlace {
  const path = resolve(dataDirectory);
  const folder = join(`${path}.walkback`, 'clone');
  return {
    dataDirectory: path,
    folder,
    data: join(folder, 'data'),
    tablespacesOf: (id) => join(`${path}.walkback`, `tablespaces-${id}`),
  };
}

function refuse(place: BootstrapPlace, found: string, remedy: string): Failure {
  return new Failure('refused', { message: `cannot bootstrap into ${place.dataDirectory}: ${found}`, remedy });
}

/** What is in the data directory; `undefined` if it does not exist. */
async function entriesOf(place: BootstrapPlace): Promise<string[] | undefined> {
  return readdir(place.dataDirectory).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw refuse(place, messageOf(error), 'Name a directory that this user may read, or one that does not exist yet.');
  });
}

/** True if the data directory is absent, or has nothing in it. */
export async function isPlaceFree(place: BootstrapPlace): Promise<boolean> {
  const entries = await entriesOf(place);
  return entries === undefined || entries.length === 0;
}

/**
 * Proves that the rename at the end will be possible.
 *
 * @throws {Failure} `refused`, saying what is in the way.
 */
export async function checkPlace(place: BootstrapPlace): Promise<void> {
  const { dataDirectory } = place;
  const parent = dirname(dataDirectory);
  await mkdir(parent, { recursive: true, mode: 0o700 }).catch(() => {});
  const problem = await access(parent, constants.W_OK | constants.X_OK).then(
    () => undefined,
    (error: unknown) => messageOf(error),
  );
  if (problem !== undefined) {
    throw refuse(place, `nothing can be put into ${parent}: ${problem}`, `Let the server's user write in ${parent}.`);
  }
  const entry = await lstat(dataDirectory).catch(() => undefined);
  if (entry?.isSymbolicLink() === true) {
    throw refuse(
      place,
      'it is a symbolic link',
      'Name the directory that it leads to, or one that does not exist yet.',
    );
  }
  if (entry !== undefined && (await isMountPoint(dataDirectory))) {
    throw refuse(
      place,
      'it is a mount point, and nothing can be renamed to it',
      `Name a directory inside of it, for example ${join(dataDirectory, 'data')} (in Spilo's image: PGROOT on the volume, PGDATA below).`,
    );
  }
  const entries = (await entriesOf(place)) ?? [];
  if (entries.length === 0) return;
  throw refuse(
    place,
    `it is not empty (${entries.slice(0, 4).join(', ')}${entries.length > 4 ? ' …' : ''})`,
    'A cluster is there already, or half of one. Nothing of it was touched. Look at it; move it away if it is not needed.',
  );
}

/** Bytes free where the restored data goes. */
export async function freeBytesOf(place: BootstrapPlace): Promise<bigint> {
  const figures = await statfs(dirname(place.dataDirectory), { bigint: true });
  return figures.bavail * figures.bsize;
}

/**
 * The one step by which the cluster appears: a rename over the empty directory, or to the free name; atomic, and on disk when
 * this returns.
 *
 * @throws {Failure} `conflict` if something is in the data directory now.
 */
export async function putInPlace(place: BootstrapPlace): Promise<void> {
  const { data, dataDirectory, folder } = place;
  try {
    await rename(data, dataDirectory);
  } catch (error) {
    throw new Failure('conflict', {
      message: `cannot rename ${data} to ${dataDirectory}: ${messageOf(error)}`,
      remedy: `Look at what is in ${dataDirectory} and move it away if it is not needed, then start again: the finished data stay in ${data}.`,
      cause: error,
    });
  }
  await syncFolder(dirname(dataDirectory));
  await syncFolder(folder);
}

/** The way back, for a cluster that nobody has taken over: from the data directory to the folder. */
export async function takeOutOfPlace({ data, dataDirectory, folder }: BootstrapPlace): Promise<void> {
  if (await isThere(data)) {
    throw new Failure('conflict', {
      message: `cannot move ${dataDirectory} back to ${data}: something is there`,
      remedy: `Look at both, and move away the one that is not needed.`,
    });
  }
  await rename(dataDirectory, data);
  await syncFolder(folder);
  await syncFolder(dirname(dataDirectory));
}

/** True if there is a directory of data in the folder. */
export async function hasData(place: BootstrapPlace): Promise<boolean> {
  return stat(place.data).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
