/**
 * What SQL says of the names of a server's relations after each of many changes to them, and the same from its WAL.
 *
 * @module
 */

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CatalogFollower } from '../../src/history/names/catalog-follower.ts';
import type { NameBook } from '../../src/history/names/name-book.ts';
import type { RelationTransition } from '../../src/history/names/relation-transitions.ts';
import { BorderRecords } from '../../src/history/transactions/border-record.ts';
import { lsn, parseLsn, type Lsn } from '../../src/postgres/lsn.ts';
import { versionByMajor } from '../../src/postgres/versions.ts';
import { buildSegmentIndex, indexRecord } from '../../src/wal-index/build-segment-index.ts';
import type { IndexEvent, SegmentIndex } from '../../src/wal-index/segment-index.ts';
import type { TestServer } from './postgres.ts';

/** One relation as SQL shows it. */
export interface ShownRelation {
  readonly database: string;
  readonly databaseOid: number;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: string;
  readonly persistence: string;
  readonly filenode: number;
  readonly tablespaceOid: number;
  readonly toastOid: number;
  readonly parentOid: number;
}

/** All of them at a position. */
export interface ShownNames {
  readonly after: string;
  readonly lsn: Lsn;
  readonly relations: readonly ShownRelation[];
}

const RELATIONS = `SELECT current_database() AS database, d.oid AS "databaseOid", c.oid, n.nspname AS schema, c.relname AS name,
    c.relkind AS kind, c.relpersistence AS persistence, coalesce(pg_relation_filenode(c.oid), 0) AS filenode,
    CASE WHEN c.relisshared THEN 1664 WHEN c.reltablespace = 0 THEN d.dattablespace ELSE c.reltablespace END AS "tablespaceOid",
    c.reltoastrelid AS "toastOid",
    coalesce((SELECT inhparent FROM pg_inherits WHERE inhrelid = c.oid AND inhseqno = 1), 0) AS "parentOid"
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_database d ON d.datname = current_database()
  WHERE c.oid >= 16384 OR c.relname LIKE 'pg_class%'`;

/** Asks SQL now. No transaction that changes names may be open. */
export async function shownNames(server: TestServer, databases: readonly string[], after: string): Promise<ShownNames> {
  const relations: ShownRelation[] = [];
  for (const database of databases)
    relations.push(...(await server.sql<ShownRelation & Record<string, unknown>>(RELATIONS, database)));
  return { after, lsn: await currentLsn(server), relations };
}

/** The WAL's end. */
export async function currentLsn(server: TestServer): Promise<Lsn> {
  const [row] = await server.sql<{ at: string }>('SELECT pg_current_wal_insert_lsn()::text AS at');
  return parseLsn(row?.at ?? '') ?? lsn(0n);
}

/** The indexes of the finished segments that hold `fromLsn` and what is behind it. */
export async function segmentIndexes(server: TestServer, book: NameBook, fromLsn: Lsn): Promise<SegmentIndex[]> {
  await server.sql('SELECT pg_switch_wal()');
  const folder = join(server.dataDirectory, 'pg_wal');
  const names = (await readdir(folder)).filter((name) => /^[0-9A-F]{24}$/.test(name)).toSorted();
  const indexes: SegmentIndex[] = [];
  for (const fileName of names) {
    const bytes = await readFile(join(folder, fileName));
    if (bytes.readBigUInt64LE(8) + BigInt(bytes.length) <= fromLsn) continue;
    const index = buildSegmentIndex({ fileName, bytes }, { catalogFiles: book.catalogFiles() });
    if (index.last === undefined) break;
    indexes.push(index);
  }
  return indexes;
}

/** Reads on from `fromLsn`, and hands every transaction's end to the book. Gives what became of relations, by commit. */
export function followNames(
  book: NameBook,
  indexes: readonly SegmentIndex[],
  fromLsn: Lsn,
): Map<Lsn, RelationTransition[]> {
  const [first] = indexes;
  if (first === undefined) throw new Error('there is no WAL');
  const follower = new CatalogFollower(book, versionByMajor(first.major).major, fromLsn);
  const borders = new BorderRecords();
  const transitions = new Map<Lsn, RelationTransition[]>();
  const take = (events: readonly IndexEvent[]): void => {
    for (const event of events) if (event.lsn >= fromLsn) takeEvent(follower, event, transitions);
  };
  for (const index of indexes) {
    const border = borders.enter(index);
    if (border.kind === 'record') {
      const { bytes, lsn: at, endLsn } = border.record;
      take(indexRecord(bytes, at, endLsn, index.timeline, index.major, { catalogFiles: book.catalogFiles() }).events);
    }
    take(index.events);
    borders.leave(index);
  }
  return transitions;
}

function takeEvent(follower: CatalogFollower, event: IndexEvent, seen: Map<Lsn, RelationTransition[]>): void {
  switch (event.kind) {
    case 'catalogRows':
    case 'catalogUpdate':
    case 'catalogDelete':
      follower.follow(event);
      break;
    case 'relationMap':
      follower.followRelationMap(event);
      break;
    case 'commit':
    case 'commitPrepared': {
      const { subxids, lsn: at, invalidatedOids, xid } = event;
      seen.set(at, follower.commit({ xids: [xid, ...subxids], lsn: at, invalidatedOids }));
      break;
    }
    case 'abort':
    case 'abortPrepared':
      follower.forget([event.xid, ...event.subxids], event.lsn);
      break;
    case 'prepare':
      follower.learn([event.xid, ...event.subxids], event.lsn);
      break;
    default:
      break;
  }
}

/** `relkind` of the kinds that relations have. */
const LETTERS: Readonly<Record<string, string>> = {
  table: 'r',
  partitionedTable: 'p',
  index: 'i',
  partitionedIndex: 'I',
  toast: 't',
  materializedView: 'm',
  sequence: 'S',
  view: 'v',
  compositeType: 'c',
  foreignTable: 'f',
};

/** The same relations by the book, where it knows them. */
export function namesByBook(book: NameBook, shown: ShownNames): (ShownRelation | undefined)[] {
  return shown.relations.map(({ database, databaseOid, oid, filenode, tablespaceOid, persistence }) => {
    const byOid = book.ofOid(databaseOid, oid, shown.lsn);
    const file = { tablespaceOid, databaseOid, filenode };
    const found = filenode === 0 ? byOid : book.ofFile(file, shown.lsn);
    if (found === undefined || byOid === undefined || found.oid !== byOid.oid) return undefined;
    return {
      database: found.databaseName ?? database,
      databaseOid: found.databaseOid,
      oid: found.oid,
      schema: found.schemaName ?? '?',
      name: found.name,
      kind: LETTERS[found.kind] ?? '?',
      persistence: found.isUnlogged ? 'u' : persistence === 't' ? 't' : 'p',
      filenode: found.filenode === 0 ? filenode : found.filenode,
      tablespaceOid: found.tablespaceOid,
      toastOid: found.toastOid,
      parentOid: found.parentOid ?? 0,
    };
  });
}
