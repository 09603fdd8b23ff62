/**
 * A data directory that nobody has ever run: what an `initdb` has made that was killed, or whose cluster was never started.
 *
 * Patroni makes of it neither a cluster nor room for one: it is not empty, and it has no system that could be valid. So it is
 * set aside, whole, and the next initdb finds an empty place. It has to be without doubt that no server has run there: every
 * postmaster leaves `postmaster.opts`, every copy and restore a label or a signal, and everything that was made in a cluster
 * has a number that initdb gives to nothing.
 *
 * Source: PostgreSQL `src/bin/initdb/initdb.c`, `src/backend/postmaster/postmaster.c` (`CreateOptsFile`),
 * `src/backend/utils/init/miscinit.c` (`CreateLockFile`: a server without a postmaster has a negative number),
 * `src/include/access/transam.h` (`FirstNormalObjectId`).
 *
 * @module
 */

import { lstat, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

import { makeFolder, syncFolder } from '../instance/durable-rename.ts';
import { isRunningPostgres } from '../instance/postmaster.ts';

/** What is made in a cluster is numbered from here on. */
const FIRST_NORMAL_OBJECT_ID = 16_384;
const FOLDERS = new Set(
  `base global pg_commit_ts pg_dynshmem pg_logical pg_multixact pg_notify pg_replslot pg_serial pg_snapshots pg_stat
  pg_stat_tmp pg_subtrans pg_tblspc pg_twophase pg_wal pg_xact`.split(/\s+/),
);
/** Those that Patroni writes before it starts the server are among them. */
const FILES = /^(PG_VERSION|[\w.]+\.conf|[\w.]+\.conf\.backup|patroni\.dynamic\.json|postmaster\.pid)$/;
const FIRST_TIMELINE = /^(00000001[0-9A-F]{16}|xlogtemp\.\d+|archive_status|summaries)$/;
const NUMBERED = /^(\d+)/;

/** Names in a folder, none if it is not there yet. */
async function namesIn(...path: readonly string[]): Promise<string[]> {
  return readdir(join(...path)).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  });
}

function isOfInitdb(name: string): boolean {
  const [, number] = NUMBERED.exec(name) ?? [];
  return number === undefined || Number(number) < FIRST_NORMAL_OBJECT_ID;
}

async function areTopLevelNamesKnown(dataDirectory: string): Promise<boolean> {
  for (const name of await namesIn(dataDirectory)) {
    const entry = await lstat(join(dataDirectory, name));
    if (!(entry.isDirectory() ? FOLDERS.has(name) : entry.isFile() && FILES.test(name))) return false;
  }
  return true;
}

async function areFilesOfInitdb(dataDirectory: string): Promise<boolean> {
  const databases = await namesIn(dataDirectory, 'base');
  const files = await Promise.all(
    [['global'], ...databases.map((name) => ['base', name])].map((path) => namesIn(dataDirectory, ...path)),
  );
  return [...databases, ...files.flat()].every(isOfInitdb);
}

/** No WAL but of the first timeline, and none that was to be archived. */
async function isWalOfInitdb(dataDirectory: string): Promise<boolean> {
  const names = await namesIn(dataDirectory, 'pg_wal');
  const toArchive = await namesIn(dataDirectory, 'pg_wal', 'archive_status');
  return toArchive.length === 0 && names.every((name) => FIRST_TIMELINE.test(name));
}

/** True if only servers without a postmaster have run there, and none does now. */
async function isLockOfInitdb(dataDirectory: string): Promise<boolean> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '');
  const number = Number(text.split('\n')[0]);
  return text.trim() === '' || (number < 0 && !(await isRunningPostgres(-number)));
}

/** True if a program works on the directory: an initdb goes on when Patroni is killed. Only Linux tells. */
async function isWorkedOn(dataDirectory: string): Promise<boolean> {
  const processes = (await readdir('/proc').catch((): string[] => [])).filter((name) => /^\d+$/.test(name));
  const lines = processes.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => ''));
  return (await Promise.all(lines)).some((line) => {
    const [program = '', ...args] = line.split('\0');
    return /(^|\/)(initdb|postgres)$/.test(program) && args.some((arg) => arg.includes(dataDirectory));
  });
}

/** True for a directory that initdb has made, whole or in part, and in which no server has ever run. */
export async function isHalfMade(dataDirectory: string): Promise<boolean> {
  const path = resolve(dataDirectory);
  if ((await namesIn(path)).length === 0) return false;
  const signs = [areTopLevelNamesKnown, areFilesOfInitdb, isWalOfInitdb, isLockOfInitdb];
  for (const isSo of signs) if (!(await isSo(path))) return false;
  if ((await namesIn(path, 'pg_tblspc')).length > 0) return false;
  return !(await isWorkedOn(path));
}

/** Where it is set aside. */
export function asidePath(dataDirectory: string): string {
  return join(`${resolve(dataDirectory)}.walkback`, 'initdb-killed');
}

/** Sets it aside, in place of one that was before. @throws what the file system throws: a mount point cannot be renamed. */
export async function setAside(dataDirectory: string): Promise<string> {
  const aside = asidePath(dataDirectory);
  await makeFolder(dirname(aside));
  await rm(aside, { recursive: true, force: true });
  await rename(resolve(dataDirectory), aside);
  await syncFolder(dirname(resolve(dataDirectory)));
  return aside;
}
