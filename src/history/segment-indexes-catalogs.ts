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

/** True if rows changed in a file of `files` (rewritten catalogs) that the index does not give as changes to the catalog. */
export function missesCatalogChanges(
  { work, events }: Pick<SegmentIndex, 'work' | 'events'>,
  files: readonly CatalogFile[],
): boolean {
  if (files.length === 0) return false;
  const catalogOf = new Map(
    files.map(({ catalog, file }) => [fileKey(file.databaseOid, file.filenode), catalogKey(catalog, file.databaseOid)]),
  );
  const rowsOf = new Map<string, number>();
  for (const { files: changed } of work) {
    for (const one of changed) {
      const catalog = catalogOf.get(fileKey(one.file.databaseOid, one.file.filenode));
      if (catalog !== undefined) rowsOf.set(catalog, (rowsOf.get(catalog) ?? 0) + rowCount(one));
    }
  }
  if (rowsOf.size === 0) return false;
  for (const event of events) {
    const changed = changedRows(event);
    if (changed > 0 && 'catalog' in event) {
      const catalog = catalogKey(event.catalog, event.databaseOid);
      rowsOf.set(catalog, (rowsOf.get(catalog) ?? 0) - changed);
    }
  }
  return [...rowsOf.values()].some((left) => left > 0);
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
