/**
 * Mapped catalogs: those whose files are named in `pg_filenode.map`, not in `pg_class` (which is one of them).
 *
 * Source: `src/include/utils/relmapper.h` (`xl_relmap_update`), `src/backend/utils/cache/relmapper.c` (`RelMapFile`).
 *
 * @module
 */

import { RecordCursor } from './record-cursor.ts';
import type { RecordPlace, WalEvent } from './wal-event.ts';

/** Its resource manager (`src/include/access/rmgrlist.h`). */
export const RM_RELMAP = 7;

const UPDATE = 0x00;
/** `RELMAPPER_FILEMAGIC`. */
const MAP_MAGIC = 0x592717;
const MAPPING_BYTES = 8;

/** Decodes a record of the relation mapper; `undefined` for a kind that does not exist. */
export function decodeRelationMapRecord(place: RecordPlace, info: number, mainData: Buffer): WalEvent | undefined {
  if (info !== UPDATE) return undefined;
  const cursor = new RecordCursor(mainData);
  const databaseOid = cursor.uint32();
  const tablespaceOid = cursor.uint32();
  cursor.expect(cursor.count());
  if (cursor.uint32() !== MAP_MAGIC) return undefined;
  const count = cursor.count();
  cursor.expect(count * MAPPING_BYTES);
  const files = Array.from({ length: count }, () => ({ oid: cursor.uint32(), filenode: cursor.uint32() }));
  return { ...place, kind: 'relationMap', databaseOid, tablespaceOid, files };
}
