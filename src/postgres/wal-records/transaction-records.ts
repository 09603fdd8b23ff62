/**
 * Transaction records: how transactions ended, were prepared, and which are whose children.
 *
 * Nothing in a commit record is aligned, and its parts do not come in the order of their bits.
 *
 * Source: `src/include/access/xact.h`, `src/backend/access/rmgrdesc/xactdesc.c` (`ParseCommitRecord`),
 * `src/backend/access/transam/twophase.c` (`StartPrepare`).
 *
 * @module
 */

import type { EndOfTransactionKind } from '../recovery-target.ts';
import { fromPostgresEpoch } from '../timestamp.ts';
import type { PostgresVersion } from '../versions.ts';
import { RecordCursor } from './record-cursor.ts';
import type {
  RecordPlace,
  SubtransactionsAssigned,
  TransactionEnded,
  TransactionPrepared,
  WalEvent,
} from './wal-event.ts';

const OPERATION_MASK = 0x70;
const HAS_XINFO = 0x80;

const PREPARE = 0x10;
const ASSIGNMENT = 0x50;
const ENDS: ReadonlyMap<number, EndOfTransactionKind> = new Map([
  [0x00, 'commit'],
  [0x20, 'abort'],
  [0x30, 'commitPrepared'],
  [0x40, 'abortPrepared'],
]);

const XINFO_DATABASE = 0x1;
const XINFO_SUBXACTS = 0x2;
const XINFO_FILES = 0x4;
const XINFO_INVALIDATIONS = 0x8;
const XINFO_TWOPHASE = 0x10;
const XINFO_ORIGIN = 0x20;
const XINFO_GID = 0x80;
const XINFO_DROPPED_STATS = 0x100;

const FILE_BYTES = 12;
const INVALIDATION_BYTES = 16;
const TWOPHASE_MAGIC = 0x57f94534;

/** Decodes a record of the transaction manager; `undefined` for the kinds that do not matter here. */
export function decodeTransactionRecord(
  place: RecordPlace,
  info: number,
  mainData: Buffer,
  version: PostgresVersion,
): WalEvent | undefined {
  const operation = info & OPERATION_MASK;
  const cursor = new RecordCursor(mainData);
  if (operation === PREPARE) return decodePrepare(place, cursor, version);
  if (operation === ASSIGNMENT) return decodeAssignment(place, cursor);
  const kind = ENDS.get(operation);
  return kind === undefined ? undefined : decodeEnd(place, kind, (info & HAS_XINFO) !== 0, cursor, version);
}

function decodeEnd(
  place: RecordPlace,
  kind: EndOfTransactionKind,
  hasXinfo: boolean,
  cursor: RecordCursor,
  version: PostgresVersion,
): TransactionEnded {
  const timeUs = fromPostgresEpoch(cursor.int64());
  const xinfo = hasXinfo ? cursor.uint32() : 0;
  const has = (bit: number): boolean => (xinfo & bit) !== 0;
  if (has(XINFO_DATABASE)) cursor.skip(8);
  const subxids = has(XINFO_SUBXACTS) ? cursor.uint32s(cursor.count()) : [];
  if (has(XINFO_FILES)) cursor.skip(cursor.count() * FILE_BYTES);
  if (has(XINFO_DROPPED_STATS)) cursor.skip(cursor.count() * version.droppedStatsBytes);
  if (has(XINFO_INVALIDATIONS)) cursor.skip(cursor.count() * INVALIDATION_BYTES);
  const twophaseXid = has(XINFO_TWOPHASE) ? cursor.uint32() : undefined;
  const gid = has(XINFO_GID) ? cursor.text() : undefined;
  if (has(XINFO_ORIGIN)) cursor.skip(16);
  return {
    kind,
    xid: twophaseXid ?? place.xid,
    timeUs,
    lsn: place.lsn,
    endLsn: place.endLsn,
    timeline: place.timeline,
    subxids,
    gid,
  };
}

function decodePrepare(
  place: RecordPlace,
  cursor: RecordCursor,
  version: PostgresVersion,
): TransactionPrepared | undefined {
  if (cursor.uint32() !== TWOPHASE_MAGIC) return undefined;
  cursor.skip(4);
  const xid = cursor.uint32();
  const databaseOid = cursor.uint32();
  const preparedAtUs = fromPostgresEpoch(cursor.int64());
  cursor.skip(4);
  const subxactCount = cursor.count();
  // From here on 15 and later have two more counts; the length of the name stands 18 bytes before the fixed part's end.
  cursor.skip(version.prepareHeaderBytes - 18 - 32);
  const gidBytes = cursor.uint16();
  cursor.skip(16);
  const gid = cursor.fixedText(gidBytes);
  cursor.align();
  return { ...place, kind: 'prepare', xid, gid, databaseOid, preparedAtUs, subxids: cursor.uint32s(subxactCount) };
}

function decodeAssignment(place: RecordPlace, cursor: RecordCursor): SubtransactionsAssigned {
  const topXid = cursor.uint32();
  return { ...place, kind: 'assignment', topXid, subxids: cursor.uint32s(cursor.count()) };
}
