/**
 * A walk over a data directory and its tablespaces: what there is to back up, with the names it gets in the tars.
 *
 * Entry names begin with `/`, are relative to the data directory, and directories have no slash behind, as WAL-G writes
 * them. A tablespace's files come as `/pg_tblspc/<oid>/…`; its link has no entry. One whose disk is not there is refused.
 *
 * Where the server's own directories, or a database's, are links to other disks, they are followed, and stored as the
 * directories that they stand for. Any other link in the server's directories is refused: the server reads what is behind it,
 * and the backup would lack it. Links elsewhere, sockets and devices are left out and named in
 * {@link DataDirectoryContents.skipped}, because a tar of WAL-G's cannot hold them. A name that is not UTF-8 is refused: the
 * list of files, which is JSON, could not hold it.
 *
 * Source: WAL-G `internal/databases/postgres/bundle.go`; PostgreSQL `src/backend/backup/basebackup.c` (`sendDir`).
 *
 * @module
 */

import type { BigIntStats } from 'node:fs';
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../base/failure.ts';
import type { Tablespace } from '../walg/tablespace-spec.ts';
import {
  isEmptiedTopDirectory,
  isExcludedFile,
  isExcludedTopFile,
  isTemporaryDirectory,
  isUnloggedContent,
  parseRelationFileName,
  unloggedFileNodes,
} from './exclusions.ts';
import { findTablespaceDirectory } from './tablespace-directory.ts';
import { unlessVanished } from './unless-vanished.ts';

/** That a data file may be stored as what has changed of it. */
export interface IncrementWish {
  /** Pages changed at or after this position have changed. */
  readonly sinceLsn: bigint;
  /** The blocks that have changed; `undefined`: their headers tell. */
  readonly blocks?: ChangedBlocks | undefined;
}

/** Blocks of one file, from 0 in it. A file that was cut has no list of all that it may have got since: that is a number. */
export interface ChangedBlocks {
  /** Ascending; all below {@link allFrom}. */
  readonly listed: Uint32Array;
  /** Every block from this one on; Infinity: none. */
  readonly allFrom: number;
}

/** A directory or file to be stored. Plain data: it is sent to worker threads. */
export interface StoredEntry {
  /** `/base/5/1259`. */
  readonly name: string;
  /** Where it is on disk. */
  readonly path: string;
  readonly type: 'directory' | 'file';
  /** Size at the walk; the file may have another one when it is read. 0 for directories. */
  readonly sizeBytes: number;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  /** Set if the file consists of pages: which 1 GiB segment of its fork it is. */
  readonly relationSegment?: number;
  /** Set if it may be stored as an increment. */
  readonly increment?: IncrementWish;
}

/** What the walk found. */
export interface DataDirectoryContents {
  /** `/` first, directories before what they hold. */
  readonly entries: readonly StoredEntry[];
  readonly tablespaces: readonly Tablespace[];
  /** Entry names that were left out because a backup cannot hold them. */
  readonly skipped: readonly string[];
  /** Directories that are links on the server, and were stored as what they lead to. */
  readonly followed: readonly string[];
}

/** What the walk must know of the server. */
export interface WalkOptions {
  /** `PG_15_202209061`: of a tablespace's directory, only the part of this server is taken. */
  readonly tablespaceVersionDirectory: string;
  readonly signal?: AbortSignal | undefined;
}

interface Walk extends WalkOptions {
  readonly entries: StoredEntry[];
  readonly tablespaces: Tablespace[];
  readonly skipped: string[];
  readonly followed: string[];
}

const SERVER_DIRECTORIES = 'base|global|pg_commit_ts|pg_logical|pg_multixact|pg_stat|pg_tblspc|pg_twophase|pg_xact';
const IN_SERVER_DIRECTORY = new RegExp(`^/(?:${SERVER_DIRECTORIES})(?:/|$)`);
/** Directories that administrators move to other disks. */
const FOLLOWED = new RegExp(`^/(?:${SERVER_DIRECTORIES}|base/\\d+|pg_multixact/(?:members|offsets))$`);

/** Walks the data directory at `root`. Files that vanish meanwhile are left out: WAL replay makes or removes them. */
export async function walkDataDirectory(root: string, options: WalkOptions): Promise<DataDirectoryContents> {
  const walk: Walk = { ...options, entries: [], tablespaces: [], skipped: [], followed: [] };
  walk.entries.push(directoryEntry('/', root, await lstat(await realpath(root), { bigint: true })));
  await walkDirectory(walk, root, '');
  return walk;
}

async function walkDirectory(walk: Walk, path: string, name: string): Promise<void> {
  walk.signal?.throwIfAborted();
  const baseNames = await namesIn(path);
  const unlogged = unloggedFileNodes(baseNames);
  for (const baseName of baseNames) {
    const isTop = name === '';
    if (isExcludedFile(baseName) && !isTemporaryDirectory(baseName)) continue;
    if (isUnloggedContent(baseName, unlogged) || (isTop && isExcludedTopFile(baseName))) continue;
    const stats = await statOrVanished(join(path, baseName));
    if (stats !== undefined) await visit(walk, join(path, baseName), `${name}/${baseName}`, baseName, stats);
  }
}

async function visit(walk: Walk, path: string, name: string, baseName: string, stats: BigIntStats): Promise<void> {
  const isTop = name === `/${baseName}`;
  if (isTop && isEmptiedTopDirectory(baseName)) {
    walk.entries.push(stats.isDirectory() ? directoryEntry(name, path, stats) : emptyDirectory(name, path, stats));
  } else if (stats.isDirectory()) {
    walk.entries.push(directoryEntry(name, path, stats));
    if (!isTemporaryDirectory(baseName)) await walkDirectory(walk, path, name);
  } else if (stats.isFile()) {
    if (name !== '/global/pg_control') walk.entries.push(fileEntry(name, path, baseName, stats));
  } else if (stats.isSymbolicLink() && name === `/pg_tblspc/${baseName}` && /^\d+$/.test(baseName)) {
    await walkTablespace(walk, path, name, Number(baseName));
  } else if (stats.isSymbolicLink() && isTemporaryDirectory(baseName)) {
    walk.entries.push(emptyDirectory(name, path, stats));
  } else if (stats.isSymbolicLink() && IN_SERVER_DIRECTORY.test(name)) {
    await follow(walk, path, name);
  } else {
    walk.skipped.push(name);
  }
}

async function follow(walk: Walk, path: string, name: string): Promise<void> {
  const stats = await stat(path, { bigint: true }).catch(unlessVanished);
  if (!FOLLOWED.test(name) || stats?.isDirectory() !== true) throw linkInTheWay(path);
  walk.followed.push(name);
  walk.entries.push(directoryEntry(name, path, stats));
  await walkDirectory(walk, path, name);
}

function linkInTheWay(path: string): Failure {
  return new Failure('refused', {
    message: `cannot back up ${path}: it is a symbolic link in a directory of the server's, and what is behind it would be missing from the backup`,
    remedy: 'Stop the server, and put there what the link leads to; use a tablespace to have data on another disk.',
  });
}

async function walkTablespace(walk: Walk, link: string, name: string, oid: number): Promise<void> {
  const version = walk.tablespaceVersionDirectory;
  const location = await readlink(link).catch(unlessVanished);
  if (location === undefined) return;
  const directory = await findTablespaceDirectory(link, join(link, version), walk.signal);
  if (directory === undefined) return;
  walk.tablespaces.push({ oid, location });
  await visit(walk, directory.path, `${name}/${version}`, version, directory.stats);
}

async function namesIn(path: string): Promise<string[]> {
  const names = await readdir(path, { encoding: 'buffer' }).catch(unlessVanished);
  return (names ?? []).map((name) => utf8Name(path, name)).sort();
}

function utf8Name(path: string, name: Buffer): string {
  const text = name.toString();
  if (Buffer.from(text).equals(name)) return text;
  throw new Failure('refused', {
    message: `cannot back up ${JSON.stringify(path)}: it holds a file whose name is not UTF-8 (${JSON.stringify(text)})`,
    remedy: 'Rename or move that file; the server did not make it.',
  });
}

async function statOrVanished(path: string): Promise<BigIntStats | undefined> {
  return lstat(path, { bigint: true }).catch(unlessVanished);
}

function common(name: string, path: string, stats: BigIntStats): Omit<StoredEntry, 'type' | 'sizeBytes'> {
  return {
    name,
    path,
    mode: Number(stats.mode & 0o7777n),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    mtimeNs: stats.mtimeNs,
  };
}

function directoryEntry(name: string, path: string, stats: BigIntStats): StoredEntry {
  return { ...common(name, path, stats), type: 'directory', sizeBytes: 0 };
}

/** A link such as `pg_wal` → another disk is restored as a plain directory. */
function emptyDirectory(name: string, path: string, stats: BigIntStats): StoredEntry {
  return { ...directoryEntry(name, path, stats), mode: 0o700 };
}

const PAGED_PLACES = /^\/(?:base\/\d+|global|pg_tblspc\/\d+\/[^/]+\/\d+)\/[^/]+$/;

function fileEntry(name: string, path: string, baseName: string, stats: BigIntStats): StoredEntry {
  const entry: StoredEntry = { ...common(name, path, stats), type: 'file', sizeBytes: Number(stats.size) };
  const relation = PAGED_PLACES.test(name) ? parseRelationFileName(baseName) : undefined;
  return relation === undefined ? entry : { ...entry, relationSegment: relation.segmentNumber };
}
