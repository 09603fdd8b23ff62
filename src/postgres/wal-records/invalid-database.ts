/**
 * A database that is about to be dropped: PostgreSQL marks its row, in place and for good, long before the record that
 * removes its files. From then on nobody can connect to it, whatever becomes of the transaction.
 *
 * Source: `src/backend/commands/dbcommands.c` (`dropdb`), `src/include/catalog/pg_database.h`
 * (`DATCONNLIMIT_INVALID_DB`). In all minor releases since August 2023.
 *
 * @module
 */

import type { Major } from '../versions.ts';
import { readPageRow } from './heap-page.ts';
import { restorePage, type PageDecompressors } from './page-image.ts';
import { MAIN_FORK, type RecordLayout } from './record-layout.ts';

/** `pg_global`. Of the catalogs that all databases share, rows are changed in place in `pg_database` alone. */
const GLOBAL_TABLESPACE = 1664;
const DATCONNLIMIT_INVALID_DB = -2;
const OID_OFFSET = 0;
/** `datconnlimit`. 14 has `datcollate` and `datctype`, of 64 bytes each, before it; later they are texts at the end. */
const CONNECTION_LIMIT_OFFSET = 80;
const CONNECTION_LIMIT_OFFSET_14 = 208;

/** A record of {@link RM_HEAP} that changes a row in place, and where its parts are. */
export interface InPlaceRecord {
  readonly bytes: Buffer;
  readonly layout: RecordLayout;
  readonly major: Major;
}

/** What reading page images needs. */
export interface ImageReading {
  readonly decompress: PageDecompressors;
  readonly tablePageBytes: number;
}

/** The database that a change in place marks as invalid; `undefined` if it does not. */
export function invalidatedDatabase(record: InPlaceRecord, reading: ImageReading): number | undefined {
  const { layout, major } = record;
  if (layout.blockCount === 0 || layout.forks[0] !== MAIN_FORK) return undefined;
  if (layout.tablespaceOids[0] !== GLOBAL_TABLESPACE || layout.databaseOids[0] !== 0) return undefined;
  const limitOffset = major === 14 ? CONNECTION_LIMIT_OFFSET_14 : CONNECTION_LIMIT_OFFSET;
  const columns = changedColumns(record, limitOffset + 4, reading);
  if (columns === undefined || columns.length < limitOffset + 4) return undefined;
  if (columns.readInt32LE(limitOffset) !== DATCONNLIMIT_INVALID_DB) return undefined;
  return columns.readUInt32LE(OID_OFFSET);
}

/** The first columns of the changed row: in the record, or on the image of its page that the record has instead. */
function changedColumns(
  { bytes, layout }: InPlaceRecord,
  mostBytes: number,
  { decompress, tablePageBytes }: ImageReading,
): Buffer | undefined {
  const dataBytes = layout.dataBytes[0] ?? 0;
  const dataStart = layout.dataStarts[0] ?? 0;
  if (dataBytes > 0) return bytes.subarray(dataStart, dataStart + dataBytes);
  const image = layout.image(0);
  if (image === undefined || layout.mainEnd - layout.mainStart < 2) return undefined;
  const page = restorePage(bytes, image, decompress, tablePageBytes);
  return page === undefined ? undefined : readPageRow(page, bytes.readUInt16LE(layout.mainStart), mostBytes)?.data;
}
