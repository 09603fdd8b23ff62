/**
 * The places of one data directory: directories beside it, on the same file system, that are renamed to each other.
 *
 *     <data directory>                        live
 *     <data directory>.walkback/<id>/data     rehearsal
 *     <data directory>.walkback/<id>/kept     kept
 *     <data directory>.walkback/<id>/replaced replaced
 *
 * A data directory that is a mount point or a symbolic link cannot be renamed into place, and tablespaces inside of it would
 * lead into other data afterwards: {@link LocalPlaces.placeProblems} says so.
 *
 * @module
 */

import { access, constants, lstat, readdir, readlink, realpath, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import { isThere, renameDurably } from '../instance/durable-rename.ts';
import { isMountPoint } from '../instance/mount-point.ts';
import type { Cluster, PlaceName, PlaceProblem } from './cluster.ts';

/** Where the data of recoveries are, and how they are moved. */
export type LocalPlaces = Pick<
  Cluster,
  | 'dataDirectory'
  | 'recoveriesFolder'
  | 'recoveryFolder'
  | 'placeOf'
  | 'isPresent'
  | 'move'
  | 'placeProblems'
  | 'freeBytes'
>;

const FOLDER_OF: Record<Exclude<PlaceName, 'live'>, string> = { rehearsal: 'data', kept: 'kept', replaced: 'replaced' };

/** Where recoveries of a data directory keep their journals and places. */
export function recoveriesFolderOf(dataDirectory: string): string {
  // Written with a slash at its end, the name would lead inside of it.
  return `${resolve(dataDirectory)}.walkback`;
}

async function linkProblem(dataDirectory: string): Promise<PlaceProblem | undefined> {
  const entry = await lstat(dataDirectory);
  if (!entry.isSymbolicLink()) return undefined;
  return {
    message: `${dataDirectory} is a symbolic link`,
    remedy: `Name the directory itself in the settings: ${await realpath(dataDirectory)}`,
  };
}

async function mountProblem(dataDirectory: string): Promise<PlaceProblem | undefined> {
  if (!(await isMountPoint(dataDirectory))) return undefined;
  return {
    message: `${dataDirectory} is a mount point: it cannot be renamed`,
    remedy: `Move the data into a folder of that file system (stop the server, make ${join(dataDirectory, 'data')}, move everything into it, and let the server use it), then plan again.`,
  };
}

/** `rename` needs the right to write in the parent. */
async function parentProblem(dataDirectory: string): Promise<PlaceProblem | undefined> {
  const parent = dirname(dataDirectory);
  const problem = await access(parent, constants.W_OK | constants.X_OK).then(
    () => undefined,
    (error: unknown) => messageOf(error),
  );
  if (problem === undefined) return undefined;
  return {
    message: `nothing in the folder ${parent} can be renamed: ${problem}`,
    remedy: `Let the server's user write in it, for example:  chown ${process.getuid?.() ?? 'postgres'} ${parent}`,
  };
}

/** `rename` needs both names on one file system. */
async function folderProblem(dataDirectory: string): Promise<PlaceProblem | undefined> {
  const folder = recoveriesFolderOf(dataDirectory);
  const found = await stat(folder).catch(() => undefined);
  if (found === undefined || found.dev === (await stat(dataDirectory)).dev) return undefined;
  return {
    message: `${folder} is on another file system than ${dataDirectory}: data cannot be renamed from one to the other`,
    remedy: `Move it to the file system of ${dirname(dataDirectory)}, under the same name and as a folder, not as a link.`,
  };
}

/** The links of its tablespaces are paths: one into the data directory leads into the recovered data after the swap. */
async function tablespaceProblem(dataDirectory: string): Promise<PlaceProblem | undefined> {
  const links = join(dataDirectory, 'pg_tblspc');
  for (const oid of await readdir(links).catch(() => [])) {
    const link = await readlink(join(links, oid)).catch(() => undefined);
    const location = link === undefined ? undefined : resolve(links, link);
    if (location === undefined || !`${location}/`.startsWith(`${dataDirectory}/`)) continue;
    return {
      message: `the tablespace ${oid} is inside the data directory, at ${location}: swapped, the kept data's link would lead into the recovered data`,
      remedy:
        'Move its tables to another tablespace (ALTER TABLE … SET TABLESPACE), drop it, take a backup, then plan again.',
    };
  }
  return undefined;
}

async function ownerProblem(dataDirectory: string): Promise<PlaceProblem | undefined> {
  const owner = (await stat(dataDirectory)).uid;
  const user = process.getuid?.();
  if (user === undefined || owner === user) return undefined;
  return {
    message: `${dataDirectory} belongs to user ${owner}, and this is user ${user}`,
    remedy: `Run walkback as the user that owns the data directory (for example: sudo -u postgres walkback …).`,
  };
}

async function placeProblems(dataDirectory: string): Promise<PlaceProblem[]> {
  const found = await Promise.all([
    linkProblem(dataDirectory),
    mountProblem(dataDirectory),
    parentProblem(dataDirectory),
    ownerProblem(dataDirectory),
    folderProblem(dataDirectory),
    tablespaceProblem(dataDirectory),
  ]);
  return found.filter((problem) => problem !== undefined);
}

async function move(from: string, to: string): Promise<void> {
  const [fromIsThere, toIsThere] = await Promise.all([isThere(from), isThere(to)]);
  if (!fromIsThere && toIsThere) return;
  if (!fromIsThere) {
    throw new Failure('conflict', {
      message: `cannot move ${from} to ${to}: neither of them is there`,
      remedy: `Somebody has moved the data directory away: look in ${dirname(from)} and put it back.`,
    });
  }
  await renameDurably(from, to);
}

async function freeBytes(dataDirectory: string): Promise<bigint> {
  const figures = await statfs(dirname(dataDirectory), { bigint: true }).catch((error: unknown) => {
    throw new Failure('denied', {
      message: `cannot see how much room ${dirname(dataDirectory)} has: ${messageOf(error)}`,
      remedy: 'Run walkback as the user that owns the data directory.',
      cause: error,
    });
  });
  return figures.bavail * figures.bsize;
}

/** The places of a data directory. Nothing is looked at. */
export function localPlaces(directory: string): LocalPlaces {
  const dataDirectory = resolve(directory);
  const recoveriesFolder = recoveriesFolderOf(dataDirectory);
  const recoveryFolder = (id: string): string => join(recoveriesFolder, checkId(id));
  const placeOf = (id: string, place: PlaceName): string =>
    place === 'live' ? dataDirectory : join(recoveryFolder(id), FOLDER_OF[place]);
  return {
    dataDirectory,
    recoveriesFolder,
    recoveryFolder,
    placeOf,
    isPresent: (id, place) => isThere(placeOf(id, place)),
    move: (id, from, to) => move(placeOf(id, from), placeOf(id, to)),
    placeProblems: () => placeProblems(dataDirectory),
    freeBytes: () => freeBytes(dataDirectory),
  };
}

/** An id becomes part of a path. @throws {Failure} `usage` if it is none. */
function checkId(id: string): string {
  if (/^[0-9a-f]{4,16}$/.test(id)) return id;
  throw new Failure('usage', {
    message: `cannot use ${JSON.stringify(id)} as a recovery's id: ids are 4 or more of 0-9 and a-f`,
    remedy: 'List the recoveries of this server:  walkback recover status',
  });
}
