/**
 * The directories that a restore writes to: proven empty at first, and made durable at last.
 *
 * While a restore runs, the data directory holds a file {@link INCOMPLETE_MARK}; it goes when everything is on disk.
 * `global/pg_control` gets its name just before, so that no server starts on half a restore.
 *
 * @module
 */

import { chmod, mkdir, open, readdir, rename, stat, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { Failure, messageOf } from '../base/failure.ts';
import type { Backup } from '../backup/backup.ts';
import {
  CONTROL_FILE,
  HIDDEN_CONTROL_FILE,
  isTablespaceFolder,
  restoredPath,
  type RestorePlace,
} from './restored-path.ts';

/** Marks a directory whose restore has not ended. */
export const INCOMPLETE_MARK = 'WALKBACK_RESTORE_INCOMPLETE';

const OWNER_ONLY = 0o700;
const OWNER_AND_GROUP = 0o750;

/** Directories that the server wants and that a backup may lack. */
const NEEDED_DIRECTORIES = ['pg_wal', 'pg_wal/archive_status', 'pg_tblspc'];

/** What was made. */
export interface PreparedDestination {
  /** The data directory, and those of the backup's tablespaces. */
  readonly places: readonly string[];
  /** The directories that have a new name in them, to be synced in the end. */
  readonly parents: ReadonlySet<string>;
}

/** Makes a directory with those above it. @returns the directories that have a new name in them. */
async function makeWithParents(path: string): Promise<string[]> {
  const first = await mkdir(path, { recursive: true, mode: OWNER_ONLY }).catch((error: unknown) => {
    throw new Failure('denied', {
      message: `cannot make ${path}: ${messageOf(error)}`,
      remedy:
        'Make it as a user who may, empty and owned by this one; or name another place. A tablespace may get another one.',
      cause: error,
    });
  });
  const parents: string[] = [];
  if (first === undefined) return parents;
  for (let made = path; made.length >= first.length; made = dirname(made)) parents.push(dirname(made));
  return parents;
}

/** Checks all places and makes them. @throws {Failure} `refused` if one is not empty, `usage` if a tablespace has none, `denied` if one cannot be made. */
export async function prepareDestination(backup: Backup, place: RestorePlace): Promise<PreparedDestination> {
  const missing = backup.tablespaces.filter(({ oid }) => !place.tablespaceLocations.has(oid));
  if (missing.length > 0) {
    throw new Failure('usage', {
      message: `cannot restore ${backup.name}: no place is given for ${missing.length} of its tablespaces`,
      remedy: 'Give a new, empty directory for each.',
      facts: missing.map(({ oid, location }) => `tablespace ${oid}, on the server at ${location}`),
    });
  }
  const locations = backup.tablespaces.map(({ oid }) => place.tablespaceLocations.get(oid) ?? '');
  const all = [place.destination, ...locations].map((path) => resolve(path));
  for (const path of all) await refuseUnlessEmpty(path);
  refuseNested(all);
  const parents = new Set<string>();
  for (const path of all) for (const parent of await makeWithParents(path)) parents.add(parent);
  for (const path of all) await chmod(path, OWNER_ONLY);
  const text = `A restore of ${backup.name} began here and has not ended. Remove this directory if no restore is running.\n`;
  // Synced before anything else is there: what the machine leaves behind when it dies must be seen to be half.
  await writeFile(join(place.destination, INCOMPLETE_MARK), text, { flag: 'wx', mode: 0o600, flush: true });
  await syncDirectory(place.destination);
  return { places: all, parents };
}

async function refuseUnlessEmpty(path: string): Promise<void> {
  const names = await readdir(path).catch((error: unknown): string[] => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw new Failure('refused', {
      message: `cannot restore into ${path}: it is not a directory that can be read`,
      remedy: 'Name an empty directory, or one that does not exist.',
      cause: error,
    });
  });
  if (names.length === 0) return;
  const isUnfinished = names.includes(INCOMPLETE_MARK);
  throw new Failure('refused', {
    message: `cannot restore into ${path}: ${isUnfinished ? 'an earlier restore into it was interrupted' : 'it is not empty'}`,
    remedy: isUnfinished
      ? `If no restore is running there, remove it: rm -r ${path}`
      : 'Name an empty directory, or one that does not exist.',
  });
}

function refuseNested(paths: readonly string[]): void {
  for (const outer of paths) {
    const inner = paths.find((path) => path.startsWith(`${outer}/`));
    const isTwice = paths.filter((path) => path === outer).length > 1;
    if (inner === undefined && !isTwice) continue;
    throw new Failure('usage', {
      message: `cannot restore into ${inner ?? outer}: it ${inner === undefined ? 'is given twice' : `lies inside ${outer}`}`,
      remedy: 'Give the data directory and each tablespace a place of its own, none inside another.',
    });
  }
}

/** Gives all directories their modes, makes tablespace links and the directories that a server needs. */
export async function finishDirectories(
  backup: Backup,
  directories: ReadonlyMap<string, number>,
  place: RestorePlace,
): Promise<void> {
  for (const name of NEEDED_DIRECTORIES) {
    await mkdir(restoredPath(name, place), { recursive: true, mode: OWNER_ONLY });
  }
  for (const { oid } of backup.tablespaces) {
    const location = place.tablespaceLocations.get(oid);
    if (location !== undefined) await symlink(resolve(location), join(place.destination, 'pg_tblspc', String(oid)));
  }
  for (const [name, mode] of directories) await chmod(restoredPath(name, place), directoryMode(name, mode));
}

/** A server starts only if its data directory is its owner's, and at most readable by the group; it makes tablespaces so. */
function directoryMode(name: string, mode: number): number {
  if (name === '' || isTablespaceFolder(name)) return (mode & 0o777) === OWNER_AND_GROUP ? OWNER_AND_GROUP : OWNER_ONLY;
  return (mode & 0o777) | OWNER_ONLY;
}

/** Makes every directory durable, then shows `pg_control`, then takes the mark away. @param directoryNames all that were written into. */
export async function commitDestination(
  directoryNames: Iterable<string>,
  place: RestorePlace,
  { places, parents }: PreparedDestination,
): Promise<void> {
  const paths = new Set([...directoryNames, ...NEEDED_DIRECTORIES, ''].map((name) => restoredPath(name, place)));
  for (const path of places) paths.add(path);
  for (const parent of parents) paths.add(parent);
  for (const path of paths) await syncDirectory(path);
  await rename(join(place.destination, HIDDEN_CONTROL_FILE), join(place.destination, CONTROL_FILE));
  await syncDirectory(join(place.destination, 'global'));
  await unlink(join(place.destination, INCOMPLETE_MARK));
  await syncDirectory(place.destination);
}

async function syncDirectory(path: string): Promise<void> {
  if (!(await stat(path)).isDirectory()) return;
  await using directory = await open(path, 'r');
  await directory.sync();
}
