/**
 * Which files a delta backup stores, and how: pure.
 *
 * - A file that has not been written since the parent began is not stored. Its time must be the parent's to the nanosecond,
 *   and lie before the parent's start: one that was written while the parent copied it may have been written again within
 *   the same tick of the clock.
 * - A data file of a relation's main fork is stored as an increment: one without pages, if the WAL tells of none, since a file
 *   may have another length than the parent has it with; pages of zeros are added to it without WAL. Everything else is stored whole: the free space map,
 *   whose changes are not in WAL, the visibility map, init forks, and whatever is not made of pages.
 * - Of a database that was made anew since, everything is stored whole: CREATE DATABASE can copy files with their old page
 *   headers, into the place of an earlier database of that number.
 * - A file with pages that were damaged in the parent is stored whole.
 *
 * Source: WAL-G `internal/databases/postgres/bundle.go` (`addToBundle`), `pagefile.go` (`isPagedFile`); PostgreSQL
 * `src/backend/backup/basebackup_incremental.c` (`GetFileBackupMethod`).
 *
 * @module
 */

import type { RelationFile } from '../postgres/relation-file.ts';
import type { FileDescription } from '../walg/files-metadata.ts';
import type { ChangedBlocks, IncrementWish, StoredEntry } from './data-directory.ts';
import { parseRelationFileName } from './exclusions.ts';

/** What is known of the parent. */
export interface DeltaBase {
  /** As the parent's list names them. */
  readonly files: ReadonlyMap<string, FileDescription>;
  /** When the parent began. */
  readonly startedAt: Date;
  /** Pages changed at or after this have changed. */
  readonly startLsn: bigint;
  /** The changed blocks of a data file; without it the pages' headers tell. */
  readonly changedBlocks?: ((file: RelationFile, segmentNumber: number) => ChangedBlocks) | undefined;
}

/** What is done with the entries of a walk. */
export interface DeltaFiles {
  /** To be stored: directories, whole files, increments. */
  readonly stored: readonly StoredEntry[];
  /** As they were in the parent. */
  readonly skipped: readonly StoredEntry[];
}

/** A clock of the file system may be this coarse, or behind. */
const TRUST_BEFORE_START_NS = 2_000_000_000n;
const NS_PER_MS = 1_000_000n;
const DATABASE_FILE = /^\/(?:base|pg_tblspc\/(?<tablespace>\d+)\/[^/]+)\/(?<database>\d+)\/(?<baseName>[^/]+)$/;
const DEFAULT_TABLESPACE_OID = 1663;

/** Decides. */
export function planDeltaFiles(entries: readonly StoredEntry[], base: DeltaBase): DeltaFiles {
  const known = knownDatabases(entries, base);
  const trustedBeforeNs = BigInt(base.startedAt.getTime()) * NS_PER_MS - TRUST_BEFORE_START_NS;
  const stored: StoredEntry[] = [];
  const skipped: StoredEntry[] = [];
  for (const entry of entries) {
    const before = base.files.get(entry.name);
    if (entry.type === 'directory' || before === undefined || before.corruptBlocks !== undefined) {
      stored.push(entry);
      continue;
    }
    const database = DATABASE_FILE.exec(entry.name)?.groups?.['database'];
    const isKnown = database === undefined || known.has(database);
    const wish = isKnown ? incrementOf(entry, base) : undefined;
    const isUnchanged = isKnown && entry.mtimeNs === before.mtimeNs && entry.mtimeNs < trustedBeforeNs;
    if (isUnchanged && (wish?.blocks === undefined || isNone(wish.blocks))) skipped.push(entry);
    else stored.push(wish === undefined ? entry : { ...entry, increment: wish });
  }
  return { stored, skipped };
}

/** Also a file that has become empty is one of which something was cut. */
function isNone({ listed, allFrom }: ChangedBlocks): boolean {
  return listed.length === 0 && allFrom === Infinity;
}

/** The numbers of the databases whose directory is the one that the parent knew: its PG_VERSION is written once. */
function knownDatabases(entries: readonly StoredEntry[], { files }: DeltaBase): ReadonlySet<string> {
  const known = new Set<string>();
  const anew = new Set<string>();
  for (const { name, mtimeNs } of entries) {
    const { database, baseName } = DATABASE_FILE.exec(name)?.groups ?? {};
    if (database === undefined || baseName !== 'PG_VERSION') continue;
    (files.get(name)?.mtimeNs === mtimeNs ? known : anew).add(database);
  }
  return known.difference(anew);
}

/** `undefined` if the file is none that may be stored as an increment. */
function incrementOf(entry: StoredEntry, base: DeltaBase): IncrementWish | undefined {
  const { tablespace, database, baseName = '' } = DATABASE_FILE.exec(entry.name)?.groups ?? {};
  const relation = parseRelationFileName(baseName);
  if (entry.relationSegment === undefined || relation?.fork !== 'main') return undefined;
  if (base.changedBlocks === undefined) return { sinceLsn: base.startLsn };
  const file = {
    tablespaceOid: tablespace === undefined ? DEFAULT_TABLESPACE_OID : Number(tablespace),
    databaseOid: Number(database),
    filenode: Number(relation.fileNode),
  };
  return { sinceLsn: base.startLsn, blocks: base.changedBlocks(file, relation.segmentNumber) };
}
