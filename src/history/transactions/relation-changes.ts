/**
 * The rows of a transaction by relation: TOAST tables folded into their owners, catalogs left out, rows that moved between
 * partitions told apart, and rows that were written to define a relation (a new one, a rewritten one) kept out.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import { relationFileKey, type RelationFile } from '../../postgres/relation-file.ts';
import type { Relation, RelationNames } from '../names/relation-names.ts';
import type { FileRows } from './file-rows.ts';
import type { RelationChange } from './logged-transaction.ts';
import type { RelationFate, RelationFates } from './relation-fates.ts';

/** `FirstNormalObjectId`: the first files of a cluster, which are catalogs', have numbers below it. */
const FIRST_NORMAL_OID = 16384;
/** `pg_largeobject`, `pg_largeobject_metadata`. */
const LARGE_OBJECT_OIDS: ReadonlySet<number> = new Set([2613, 2995]);
/** Longer chains of partitions than this are no chains. */
const DEEPEST_PARTITION = 64;

/** What the rows of a transaction come to. */
export interface RowsByRelation {
  readonly changes: readonly RelationChange[];
  /** Rows that were written into new files to define a relation. */
  readonly defining: ReadonlyMap<RelationFate, number>;
  readonly hasLargeObjects: boolean;
}

/** Where names are looked up. */
export interface NamesAt {
  readonly names: RelationNames;
  readonly lsn: Lsn;
}

/** Sums for one relation, or for a file of which nothing is known. */
interface Sums {
  readonly relation: Relation | undefined;
  readonly root: Relation | undefined;
  readonly fate: RelationFate | undefined;
  file: RelationFile;
  inserted: number;
  updated: number;
  hotUpdated: number;
  deleted: number;
  movedIn: number;
  movedOut: number;
  /** Of {@link inserted}: into new files of a rewrite, or of a new relation. */
  defining: number;
}

const NO_DEFINING: ReadonlyMap<RelationFate, number> = new Map();

/** Sorts the rows of files to relations. */
export function rowsByRelation(files: Iterable<Readonly<FileRows>>, fates: RelationFates, at: NamesAt): RowsByRelation {
  const sums = new Map<string, Sums>();
  let hasLargeObjects = false;
  for (const rows of files) {
    const { relation, fate } = ownerOf(rows.file, fates, at);
    if (fate?.kind === 'passing') continue;
    if (isCatalogFile(relation, rows.file)) {
      hasLargeObjects ||= LARGE_OBJECT_OIDS.has(relation?.oid ?? rows.file.filenode);
      continue;
    }
    if (relation?.kind === 'toast') addToOwner(sums, rows, relation, fates, at);
    else add(sums, rows, relation, fate, at);
  }
  const hasMoves = sums.values().some(({ movedIn, movedOut }) => movedIn !== 0 || movedOut !== 0);
  if (hasMoves) settleMoves([...sums.values()]);
  let defining: Map<RelationFate, number> | undefined;
  const changes: RelationChange[] = [];
  for (const one of sums.values()) {
    if (one.fate !== undefined && one.defining > 0) (defining ??= new Map()).set(one.fate, one.defining);
    const change = changeOf(one);
    if (change !== undefined) changes.push(change);
  }
  return { changes, defining: defining ?? NO_DEFINING, hasLargeObjects };
}

function ownerOf(file: RelationFile, fates: RelationFates, { names, lsn }: NamesAt) {
  const byFile = fates.ofNewFile(file);
  const relation = byFile?.relation ?? names.ofFile(file, lsn);
  const fate = byFile ?? (relation === undefined ? undefined : fates.ofOid(relation.databaseOid, relation.oid));
  return { relation: fate?.kind === 'passing' ? relation : (fate?.relation ?? relation), fate };
}

function isCatalogFile(relation: Relation | undefined, { filenode }: RelationFile): boolean {
  return relation?.isCatalog ?? filenode < FIRST_NORMAL_OID;
}

function sumsOf(
  sums: Map<string, Sums>,
  file: RelationFile,
  relation: Relation | undefined,
  fate: RelationFate | undefined,
  at: NamesAt,
): Sums {
  const key = relation === undefined ? relationFileKey(file) : `${relation.databaseOid} ${relation.oid}`;
  const known = sums.get(key);
  if (known !== undefined) return known;
  const one = {
    relation,
    root: rootOf(relation, at),
    fate,
    file,
    inserted: 0,
    updated: 0,
    hotUpdated: 0,
    deleted: 0,
    movedIn: 0,
    movedOut: 0,
    defining: 0,
  };
  sums.set(key, one);
  return one;
}

function add(
  sums: Map<string, Sums>,
  rows: Readonly<FileRows>,
  relation: Relation | undefined,
  fate: RelationFate | undefined,
  at: NamesAt,
): void {
  const one = sumsOf(sums, rows.file, relation, fate, at);
  one.file = rows.file;
  one.inserted += rows.inserted;
  one.updated += rows.updated;
  one.hotUpdated += rows.hotUpdated;
  one.deleted += rows.deleted;
  one.movedOut += rows.movedOut;
  one.movedIn += rows.insertedAfterMove;
  if (isDefining(fate, rows.file)) one.defining += rows.inserted - rows.insertedAfterMove;
}

/** True if rows inserted into this file are there because of the definition: of a new relation, or a rewritten one. */
function isDefining(fate: RelationFate | undefined, file: RelationFile): boolean {
  if (fate?.kind === 'created') return true;
  return (fate?.kind === 'rewritten' || fate?.kind === 'refreshed') && fate.newFilenodes.includes(file.filenode);
}

/** Of a TOAST table only that counts which tells where a row of its owner went: values are stored before their row. */
function addToOwner(
  sums: Map<string, Sums>,
  rows: Readonly<FileRows>,
  toast: Relation,
  fates: RelationFates,
  at: NamesAt,
): void {
  if (rows.insertedAfterMove === 0 || toast.toastOwnerOid === undefined) return;
  const owner = at.names.ofOid(toast.databaseOid, toast.toastOwnerOid, at.lsn);
  if (owner === undefined) return;
  const fate = fates.ofOid(owner.databaseOid, owner.oid);
  const file = { ...rows.file, tablespaceOid: owner.tablespaceOid, filenode: owner.filenode };
  const one = sumsOf(sums, file, owner, fate, at);
  one.movedIn += rows.insertedAfterMove;
  if (fate?.kind === 'created') one.defining -= rows.insertedAfterMove;
}

/** The topmost table that a relation is a partition of. */
export function rootOf(relation: Relation | undefined, { names, lsn }: NamesAt): Relation | undefined {
  let root: Relation | undefined;
  for (let depth = 0, child = relation; depth < DEEPEST_PARTITION && child?.parentOid !== undefined; depth += 1) {
    const parent = names.ofOid(child.databaseOid, child.parentOid, lsn);
    if (parent?.kind !== 'partitionedTable') break;
    root = parent;
    child = parent;
  }
  return root;
}

/**
 * The first insert behind a move is its other half, unless a trigger inserted something else in between: that is taken back
 * here, and the move is given to a partition that has rows inserted.
 */
function settleMoves(all: readonly Sums[]): void {
  for (const partitions of Map.groupBy(all, ({ root }) => root?.oid).values()) {
    const isKnown = partitions[0]?.root !== undefined;
    let missing = 0;
    for (const { movedIn, movedOut } of partitions) missing += movedOut - movedIn;
    for (const one of partitions) {
      if (isKnown && missing > 0) {
        const taken = Math.min(missing, Math.max(one.inserted - one.movedIn, 0));
        one.movedIn += taken;
        missing -= taken;
      } else if (isKnown ? missing < 0 : one.relation !== undefined) {
        const surplus = isKnown ? Math.min(-missing, one.movedIn) : one.movedIn;
        one.movedIn -= surplus;
        missing += surplus;
      }
    }
  }
}

function changeOf(one: Sums): RelationChange | undefined {
  const { relation, file, root, updated, hotUpdated, deleted, movedIn, movedOut } = one;
  const inserted = one.inserted - one.movedIn - one.defining;
  const isNothing = inserted === 0 && updated === 0 && deleted === 0 && movedIn === 0 && movedOut === 0;
  if (isNothing || (relation !== undefined && !holdsRows(relation))) return undefined;
  return {
    relation,
    file,
    root,
    inserted,
    updated,
    hotUpdated,
    deleted,
    movedIn,
    movedOut,
    deletedShare: shareOf(deleted, relation),
    updatedShare: shareOf(updated, relation),
  };
}

function holdsRows({ kind }: Relation): boolean {
  return kind === 'table' || kind === 'materializedView';
}

function shareOf(rows: number, relation: Relation | undefined): number | undefined {
  const estimate = relation?.estimatedRows;
  if (estimate === undefined || estimate <= 0) return undefined;
  return rows / estimate;
}
