/**
 * The lists inside commit, abort and prepare records: files to delete, statistics to drop, caches to invalidate.
 *
 * Source: `src/include/access/xact.h` (`xl_xact_relfilelocators`, `xl_xact_stats_item`), `src/include/storage/sinval.h`
 * (`SharedInvalidationMessage`).
 *
 * @module
 */

import type { RelationFile } from '../relation-file.ts';
import type { PostgresVersion } from '../versions.ts';
import type { RecordCursor } from './record-cursor.ts';
import type { RelationOid } from './wal-event.ts';

/** Bytes of one file's number in a record. */
export const FILE_BYTES = 12;
const INVALIDATION_BYTES = 16;
/** `SHAREDINVALRELCACHE_ID`. */
const RELCACHE_MESSAGE = -2;
/** `PGSTAT_KIND_RELATION`. */
const STATISTICS_OF_RELATION = 2;

/** One file's number. */
export function readFile(cursor: RecordCursor): RelationFile {
  return { tablespaceOid: cursor.uint32(), databaseOid: cursor.uint32(), filenode: cursor.uint32() };
}

/** `count` files. @throws {Failure} `corrupt` if the record has fewer, before anything is allocated. */
export function readFiles(cursor: RecordCursor, count: number): RelationFile[] {
  cursor.expect(count * FILE_BYTES);
  return Array.from({ length: count }, () => readFile(cursor));
}

/** The relations among `count` dropped statistics. 18 and later have numbers of 64 bits, whose low half an oid is. */
export function readDroppedStatistics(cursor: RecordCursor, count: number, version: PostgresVersion): RelationOid[] {
  const itemBytes = version.droppedStatsBytes;
  cursor.expect(count * itemBytes);
  const relations: RelationOid[] = [];
  for (let item = 0; item < count && itemBytes > 0; item += 1) {
    const kind = cursor.int32();
    const databaseOid = cursor.uint32();
    const oid = cursor.uint32();
    cursor.skip(itemBytes - 12);
    if (kind === STATISTICS_OF_RELATION) relations.push({ databaseOid, oid });
  }
  return relations;
}

/** The relations whose definitions changed, each once, among `count` invalidation messages. */
export function readInvalidations(cursor: RecordCursor, count: number): RelationOid[] {
  cursor.expect(count * INVALIDATION_BYTES);
  const relations = new Map<string, RelationOid>();
  for (let item = 0; item < count; item += 1) {
    const message = (cursor.uint32() << 24) >> 24;
    const databaseOid = cursor.uint32();
    const oid = cursor.uint32();
    cursor.skip(INVALIDATION_BYTES - 12);
    if (message === RELCACHE_MESSAGE) relations.set(`${databaseOid}/${oid}`, { databaseOid, oid });
  }
  return [...relations.values()];
}
