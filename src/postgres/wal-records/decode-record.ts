/**
 * From a verified record to what it says.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import { formatLsn } from '../lsn.ts';
import type { PostgresVersion } from '../versions.ts';
import { decodeDatabaseRecord, decodeTablespaceRecord } from './database-records.ts';
import { decodeRelationMapRecord, RM_RELMAP } from './relmap-records.ts';
import { decodeStandbyRecord } from './standby-records.ts';
import { decodeTransactionRecord } from './transaction-records.ts';
import type { RecordPlace, WalEvent } from './wal-event.ts';
import { RM_DBASE, RM_STANDBY, RM_TBLSPC, RM_XACT, RM_XLOG, type WalRecord } from './wal-record.ts';
import { decodeXlogRecord } from './xlog-records.ts';

/** The resource managers that {@link decodeRecord} knows. */
export const DECODED_RESOURCE_MANAGERS: ReadonlySet<number> = new Set([
  RM_XLOG,
  RM_XACT,
  RM_DBASE,
  RM_TBLSPC,
  RM_STANDBY,
]);

/** Numbers from here on are extensions' own (PostgreSQL 15 and later). Source: `src/include/access/rmgr.h`. */
export const FIRST_CUSTOM_RESOURCE_MANAGER = 128;
const LAST_CUSTOM_RESOURCE_MANAGER = 255;

/** The resource managers of extensions: only a server that preloads the extension's library can replay their records. */
export const CUSTOM_RESOURCE_MANAGERS: ReadonlySet<number> = new Set(
  Array.from(
    { length: LAST_CUSTOM_RESOURCE_MANAGER - FIRST_CUSTOM_RESOURCE_MANAGER + 1 },
    (_, index) => FIRST_CUSTOM_RESOURCE_MANAGER + index,
  ),
);

/**
 * What a record says; `undefined` if it is of no kind that a recovery needs.
 *
 * @throws {Failure} `corrupt`, with the position, if its data are shorter than its fields.
 */
export function decodeRecord(
  record: WalRecord & { readonly originId?: number | undefined },
  version: PostgresVersion,
): WalEvent | undefined {
  const place = { lsn: record.lsn, endLsn: record.endLsn, timeline: record.timeline, xid: record.xid };
  try {
    return decodeAt(place, record, version);
  } catch (error) {
    if (!isFailure(error, 'corrupt')) throw error;
    throw new Failure('corrupt', { message: `${error.message} at ${formatLsn(record.lsn)}`, remedy: error.remedy });
  }
}

function decodeAt(
  place: RecordPlace,
  record: WalRecord & { readonly originId?: number | undefined },
  version: PostgresVersion,
): WalEvent | undefined {
  const { info, mainData } = record;
  switch (record.resourceManager) {
    case RM_XLOG:
      return decodeXlogRecord(place, info, mainData);
    case RM_XACT:
      return decodeTransactionRecord(place, info, mainData, version, record.originId);
    case RM_DBASE:
      return decodeDatabaseRecord(place, info, mainData, version);
    case RM_TBLSPC:
      return decodeTablespaceRecord(place, info, mainData);
    case RM_RELMAP:
      return decodeRelationMapRecord(place, info, mainData);
    case RM_STANDBY:
      return decodeStandbyRecord(place, info, mainData);
    default:
      return undefined;
  }
}
