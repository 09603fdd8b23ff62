/**
 * Finds changes to naming catalogs among the records of a segment.
 *
 * @module
 */

import type { RelationFile } from '../postgres/relation-file.ts';
import type { CatalogChange, NamingCatalog } from '../postgres/wal-records/catalog-change.ts';
import type { CatalogFiles } from '../postgres/wal-records/catalog-files.ts';
import {
  catalogChange,
  catalogImage,
  type CatalogBlock,
  type CatalogRecord,
} from '../postgres/wal-records/catalog-records.ts';
import {
  isPgNamespacePage,
  looksLikePgClassRow,
  PG_CLASS_FILENODE,
  PG_CLASS_OID,
  PG_CLASS_TABLESPACE,
} from '../postgres/wal-records/catalog-rows.ts';
import { restorePage, type PageDecompressors } from '../postgres/wal-records/page-image.ts';
import { MAIN_FORK, type RecordLayout } from '../postgres/wal-records/record-layout.ts';
import { HEAP_INPLACE, HEAP_OPERATION_MASK, RM_HEAP } from '../postgres/wal-records/row-records.ts';

const PG_CLASS = 1259;
const PG_NAMESPACE = 2615;
const PG_CLASS_FIXED_BYTES = PG_CLASS_TABLESPACE + 4;

/** What reading them needs. */
export interface CatalogReading {
  readonly files: CatalogFiles;
  readonly decompress: PageDecompressors;
  readonly tablePageBytes: number;
}

/** The block references of a record, in the bytes that they were parsed from. */
interface ParsedRecord {
  readonly bytes: Buffer;
  readonly layout: RecordLayout;
}

/** True if a block of the record is a page of a naming catalog; called for every record of tables and page images. */
export function touchesCatalog(layout: RecordLayout, files: CatalogFiles): boolean {
  for (let index = 0; index < layout.blockCount; index += 1) {
    if (catalogAt(layout, index, files) !== undefined) return true;
  }
  return false;
}

function catalogAt(layout: RecordLayout, index: number, files: CatalogFiles): NamingCatalog | undefined {
  if (layout.forks[index] !== MAIN_FORK) return undefined;
  const { tablespaceOids, databaseOids, filenodes } = layout;
  return files.catalogOf(tablespaceOids[index] ?? 0, databaseOids[index] ?? 0, filenodes[index] ?? 0);
}

/**
 * What the record says of naming catalogs: first the rows of each page that it has an image of, then its change.
 *
 * @throws {Failure} `corrupt` if its data are shorter than their fields.
 */
export function catalogChanges(record: CatalogRecord, parsed: ParsedRecord, reading: CatalogReading): CatalogChange[] {
  const changes: CatalogChange[] = [];
  const { layout } = parsed;
  for (let index = 0; index < layout.blockCount; index += 1) {
    const catalog = catalogAt(layout, index, reading.files);
    if (catalog === undefined) continue;
    const block = catalogBlock(catalog, parsed, index, reading);
    const image = catalogImage(record, block);
    if (image !== undefined) changes.push(image);
    // Changed rows are in block 0; what else a record has is the old row's page.
    const old = layout.indexOfBlock(1);
    const isSecondTable = old >= 0 && layout.forks[old] === MAIN_FORK;
    const oldBlock = isSecondTable ? (layout.blockNumbers[old] ?? 0) : block.block;
    const change = layout.blockIds[index] === 0 ? catalogChange(record, block, { oldBlock }) : undefined;
    if (change !== undefined) changes.push(change);
    learnFiles([image, change], fileAt(layout, index), reading.files);
  }
  return changes;
}

function catalogBlock(
  catalog: NamingCatalog,
  { bytes, layout }: ParsedRecord,
  index: number,
  { decompress, tablePageBytes }: CatalogReading,
): CatalogBlock {
  const dataStart = layout.dataStarts[index] ?? 0;
  const image = layout.image(index);
  return {
    catalog,
    databaseOid: layout.databaseOids[index] ?? 0,
    block: layout.blockNumbers[index] ?? 0,
    data: bytes.subarray(dataStart, dataStart + (layout.dataBytes[index] ?? 0)),
    page: image?.applies === true ? restorePage(bytes, image, decompress, tablePageBytes) : undefined,
  };
}

function fileAt({ tablespaceOids, databaseOids, filenodes }: RecordLayout, index: number): RelationFile {
  return {
    tablespaceOid: tablespaceOids[index] ?? 0,
    databaseOid: databaseOids[index] ?? 0,
    filenode: filenodes[index] ?? 0,
  };
}

/** `pg_class` tells where the catalogs are that are not mapped. */
function learnFiles(changes: readonly (CatalogChange | undefined)[], file: RelationFile, files: CatalogFiles): void {
  for (const change of changes) {
    if (change?.kind !== 'catalogRows' || change.catalog !== 'pg_class') continue;
    for (const { data } of change.rows) {
      if (data.length < PG_CLASS_FIXED_BYTES) continue;
      const filenode = data.readUInt32LE(PG_CLASS_FILENODE);
      const tablespaceOid = data.readUInt32LE(PG_CLASS_TABLESPACE) || file.tablespaceOid;
      files.learn(data.readUInt32LE(PG_CLASS_OID), { tablespaceOid, databaseOid: file.databaseOid, filenode });
    }
  }
}

/**
 * Learns where `pg_class` is from a change in place: in a database, PostgreSQL makes those in `pg_class` only. It is how a
 * rewritten `pg_class` is found whose relation map changed long ago.
 */
export function learnFromInPlace(record: CatalogRecord, { bytes, layout }: ParsedRecord, files: CatalogFiles): void {
  const isInPlace = record.resourceManager === RM_HEAP && (record.info & HEAP_OPERATION_MASK) === HEAP_INPLACE;
  const dataBytes = layout.dataBytes[0] ?? 0;
  if (!isInPlace || layout.blockCount === 0 || dataBytes === 0) return;
  const dataStart = layout.dataStarts[0] ?? 0;
  const columns = bytes.subarray(dataStart, dataStart + dataBytes);
  if (looksLikePgClassRow(columns, record.major)) files.learn(PG_CLASS, fileAt(layout, 0));
}

/**
 * Learns where a rewritten `pg_namespace` is from the image of its first page. The change of its row in `pg_class` mostly
 * leaves out whose row it is. For records of rewritten tables only: somebody may keep a copy of the catalog in a table.
 */
export function learnFromFirstPage(parsed: ParsedRecord, reading: CatalogReading): void {
  const { layout } = parsed;
  for (let index = 0; index < layout.blockCount; index += 1) {
    const isFirst = layout.blockNumbers[index] === 0 && layout.forks[index] === MAIN_FORK;
    if (!isFirst || layout.imageBytes[index] === 0 || layout.databaseOids[index] === 0) continue;
    if (catalogAt(layout, index, reading.files) !== undefined) continue;
    const { page } = catalogBlock('pg_namespace', parsed, index, reading);
    if (page !== undefined && isPgNamespacePage(page)) reading.files.learn(PG_NAMESPACE, fileAt(layout, index));
  }
}
