/**
 * Databases and tablespaces created and dropped. Replay of these acts on directories, some of them outside the data
 * directory, and it does so before the transaction commits.
 *
 * Source: `src/include/commands/dbcommands_xlog.h`, `src/include/commands/tablespace.h`.
 *
 * @module
 */

import type { PostgresVersion } from '../versions.ts';
import { RecordCursor } from './record-cursor.ts';
import type { RecordPlace, WalEvent } from './wal-event.ts';

const TABLESPACE_CREATE = 0x00;
const TABLESPACE_DROP = 0x10;

/** Decodes a record of the database manager. Every kind that is not the drop of this major is a way to create. */
export function decodeDatabaseRecord(
  place: RecordPlace,
  info: number,
  mainData: Buffer,
  version: PostgresVersion,
): WalEvent {
  const cursor = new RecordCursor(mainData);
  const databaseOid = cursor.uint32();
  if (info === version.databaseDropInfo) {
    return { ...place, kind: 'databaseDrop', databaseOid, tablespaceOids: cursor.uint32s(cursor.count()) };
  }
  const tablespaceOid = cursor.uint32();
  // Made page by page (15 and later, unless told otherwise), the record names no other database.
  const copyOf =
    cursor.remainingBytes === 0 ? undefined : { databaseOid: cursor.uint32(), tablespaceOid: cursor.uint32() };
  return { ...place, kind: 'databaseCreate', databaseOid, tablespaceOid, copyOf };
}

/** Decodes a record of the tablespace manager; `undefined` for a kind that does not exist. */
export function decodeTablespaceRecord(place: RecordPlace, info: number, mainData: Buffer): WalEvent | undefined {
  const cursor = new RecordCursor(mainData);
  const tablespaceOid = cursor.uint32();
  if (info === TABLESPACE_CREATE) return { ...place, kind: 'tablespaceCreate', tablespaceOid, path: cursor.text() };
  if (info === TABLESPACE_DROP) return { ...place, kind: 'tablespaceDrop', tablespaceOid };
  return undefined;
}
