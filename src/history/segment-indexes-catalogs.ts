/**
 * Whether an index was made without knowing where a catalog is that had been rewritten: VACUUM FULL gives it another
 * file, and a segment by itself does not always tell whose it is.
 *
 * @module
 */

import type { NamingCatalog } from '../postgres/wal-records/catalog-change.ts';
import type { CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import type { FileWork, IndexEvent, SegmentIndex } from '../wal-index/segment-index.ts';

const fileKey = (databaseOid: number, filenode: number): string => `${databaseOid}/${filenode}`;
const catalogKey = (catalog: NamingCatalog, databaseOid: number): string => `${catalog} ${databaseOid}`;

/** The catalogs whose files the relation map has, by oid. */
const MAPPED: ReadonlyMap<number, NamingCatalog> = new Map([
  [1259, 'pg_class'],
  [1262, 'pg_database'],
]);

type Parts = Pick<SegmentIndex, 'work' | 'events'>;

/** True if rows changed in a file of `files` (rewritten catalogs) that the index does not give as changes to the catalog. */
export function missesCatalogChanges({ work, events }: Parts, files: readonly CatalogFile[]): boolean {
  if (files.length === 0) return false;
  const given = new Set(files.map(({ file }) => fileKey(file.databaseOid, file.filenode)));
  const catalogOf = catalogsByFile([...files, ...filesInMap(events)]);
  const rowsOf = new Map<string, number>();
  let isTouched = false;
  for (const { files: changed } of work) {
    for (const one of changed) {
      const key = fileKey(one.file.databaseOid, one.file.filenode);
      const catalog = catalogOf.get(key);
      if (catalog !== undefined) rowsOf.set(catalog, (rowsOf.get(catalog) ?? 0) + rowCount(one));
      isTouched ||= given.has(key);
    }
  }
  if (!isTouched) return false;
  for (const event of events) {
    const changed = changedRows(event);
    if (changed > 0 && 'catalog' in event) {
      const catalog = catalogKey(event.catalog, event.databaseOid);
      rowsOf.set(catalog, (rowsOf.get(catalog) ?? 0) - changed);
    }
  }
  return [...rowsOf.values()].some((left) => left > 0);
}

/** Where the events say that catalogs are. The pages of a rewritten one come before that is said, when it commits. */
export function filesInMap(events: readonly IndexEvent[]): CatalogFile[] {
  return events.flatMap((event) => {
    if (event.kind !== 'relationMap') return [];
    const { databaseOid, tablespaceOid, files } = event;
    return files.flatMap(({ oid, filenode }): CatalogFile[] => {
      const catalog = MAPPED.get(oid);
      return catalog === undefined ? [] : [{ catalog, file: { tablespaceOid, databaseOid, filenode } }];
    });
  });
}

/** Of the first files too, whose number is the oid. */
function catalogsByFile(files: readonly CatalogFile[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const { catalog, file } of files) {
    const { databaseOid, filenode } = file;
    found.set(fileKey(databaseOid, filenode), catalogKey(catalog, databaseOid));
    for (const [oid, mapped] of MAPPED) {
      if (mapped === catalog) found.set(fileKey(databaseOid, oid), catalogKey(catalog, databaseOid));
    }
  }
  return found;
}

/**
 * Files that the index behind says a catalog was moved to, and that nobody knew: the pages written there may begin in the
 * segment before, where nothing tells what they are.
 */
export function filesMovedTo(behind: Parts, known: readonly CatalogFile[]): CatalogFile[] {
  const isKnown = ({ file }: CatalogFile) =>
    known.some((one) => one.file.databaseOid === file.databaseOid && one.file.filenode === file.filenode);
  return filesInMap(behind.events).filter((one) => !MAPPED.has(one.file.filenode) && !isKnown(one));
}

function rowCount({ inserted, updated, deleted, movedOut }: FileWork): number {
  return inserted + updated + deleted + movedOut;
}

/** Rows that a transaction changed: those of an image were there, those in place are nobody's. */
function changedRows(event: IndexEvent): number {
  if (event.kind === 'catalogUpdate' || event.kind === 'catalogDelete') return 1;
  if (event.kind !== 'catalogRows' || event.isImage || event.xid === 0) return 0;
  return event.rows.length;
}
