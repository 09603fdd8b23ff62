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

import { lsn } from '../lsn.ts';
import type { EndOfTransactionKind } from '../recovery-target.ts';
import { fromPostgresEpoch, POSTGRES_EPOCH_US } from '../timestamp.ts';
import type { PostgresVersion } from '../versions.ts';
import { RecordCursor } from './record-cursor.ts';
import { readDroppedStatistics, readFiles, readInvalidations } from './transaction-effects.ts';
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

export const PLAIN_COMMIT = 0x00;
export const PLAIN_ABORT = 0x20;
/** `xact_time`. */
export const PLAIN_END_BYTES = 8;
const EPOCH_US = Number(POSTGRES_EPOCH_US);
const HALF = 0x1_0000_0000;

const XINFO_DATABASE = 0x1;
const XINFO_SUBXACTS = 0x2;
const XINFO_FILES = 0x4;
const XINFO_INVALIDATIONS = 0x8;
const XINFO_TWOPHASE = 0x10;
const XINFO_ORIGIN = 0x20;
const XINFO_GID = 0x80;
const XINFO_DROPPED_STATS = 0x100;

const TWOPHASE_MAGIC = 0x57f94534;

/** What a record's own header may tell: the replication origin of the session. */
export interface OriginOfRecord {
  readonly originId: number | undefined;
}

const NOTHING: readonly never[] = [];

/** Decodes a record of the transaction manager; `undefined` for the kinds that do not matter here. */
export function decodeTransactionRecord(
  place: RecordPlace,
  info: number,
  mainData: Buffer,
  version: PostgresVersion,
  originId?: number,
): WalEvent | undefined {
  const operation = info & OPERATION_MASK;
  const cursor = new RecordCursor(mainData);
  if (operation === PREPARE) return decodePrepare({ ...place, originId }, cursor, version);
  if (operation === ASSIGNMENT) return decodeAssignment(place, cursor);
  const kind = ENDS.get(operation);
  if (kind === undefined) return undefined;
  return decodeEnd({ ...place, originId }, kind, (info & HAS_XINFO) !== 0, cursor, version);
}

/** True if a record of the transaction manager says no more than that and when a transaction ended. */
export function isPlainEnd(info: number, mainBytes: number): boolean {
  return mainBytes === PLAIN_END_BYTES && (info === PLAIN_COMMIT || info === PLAIN_ABORT);
}

/** Which of the two such a record is. */
export function isPlainCommit(info: number): boolean {
  return info === PLAIN_COMMIT;
}

/** When, in microseconds since the Unix epoch; `undefined` if a number cannot say it exactly. */
export function plainEndTimeUs(bytes: Buffer, mainStart: number): number | undefined {
  const timestampTz = bytes.readInt32LE(mainStart + 4) * HALF + bytes.readUInt32LE(mainStart);
  const timeUs = timestampTz + EPOCH_US;
  return Number.isSafeInteger(timestampTz) && Number.isSafeInteger(timeUs) ? timeUs : undefined;
}

/** Halves of a `TimestampTz`, the high one with a sign, of a time that a number says exactly; and back. */
export function timestampTzHalves(timeUs: number): { readonly high: number; readonly low: number } {
  const timestampTz = timeUs - EPOCH_US;
  const high = Math.floor(timestampTz / HALF);
  return { high, low: timestampTz - high * HALF };
}

export function timeUsOfHalves(high: number, low: number): number {
  return high * HALF + low + EPOCH_US;
}

function decodeEnd(
  place: RecordPlace & OriginOfRecord,
  kind: EndOfTransactionKind,
  hasXinfo: boolean,
  cursor: RecordCursor,
  version: PostgresVersion,
): TransactionEnded {
  const timeUs = fromPostgresEpoch(cursor.int64());
  const xinfo = hasXinfo ? cursor.uint32() : 0;
  const has = (bit: number): boolean => (xinfo & bit) !== 0;
  const databaseOid = has(XINFO_DATABASE) ? cursor.uint32() : undefined;
  if (databaseOid !== undefined) cursor.skip(4);
  const subxids = has(XINFO_SUBXACTS) ? cursor.uint32s(cursor.count()) : NOTHING;
  const droppedFiles = has(XINFO_FILES) ? readFiles(cursor, cursor.count()) : NOTHING;
  const droppedOids = has(XINFO_DROPPED_STATS) ? readDroppedStatistics(cursor, cursor.count(), version) : NOTHING;
  const invalidatedOids = has(XINFO_INVALIDATIONS) ? readInvalidations(cursor, cursor.count()) : NOTHING;
  const twophaseXid = has(XINFO_TWOPHASE) ? cursor.uint32() : undefined;
  const gid = has(XINFO_GID) ? cursor.text() : undefined;
  const originLsn = has(XINFO_ORIGIN) ? lsn(cursor.uint64()) : undefined;
  if (originLsn !== undefined) cursor.skip(8);
  cursor.expectEnd();
  return {
    kind,
    xid: twophaseXid ?? place.xid,
    timeUs,
    lsn: place.lsn,
    endLsn: place.endLsn,
    timeline: place.timeline,
    subxids,
    gid,
    databaseOid,
    droppedFiles,
    droppedOids,
    invalidatedOids,
    originId: place.originId,
    originLsn,
  };
}

/** The fixed part up to where majors differ, as one value. */
interface PrepareCounts {
  readonly subxids: number;
  readonly commitFiles: number;
  readonly abortFiles: number;
  readonly commitStatistics: number;
  readonly abortStatistics: number;
  readonly invalidations: number;
}

function readPrepareCounts(cursor: RecordCursor, version: PostgresVersion): PrepareCounts {
  const hasStatistics = version.droppedStatsBytes > 0;
  return {
    subxids: cursor.count(),
    commitFiles: cursor.count(),
    abortFiles: cursor.count(),
    commitStatistics: hasStatistics ? cursor.count() : 0,
    abortStatistics: hasStatistics ? cursor.count() : 0,
    invalidations: cursor.count(),
  };
}

function decodePrepare(
  place: RecordPlace & OriginOfRecord,
  cursor: RecordCursor,
  version: PostgresVersion,
): TransactionPrepared | undefined {
  if (cursor.uint32() !== TWOPHASE_MAGIC) return undefined;
  cursor.skip(4);
  const xid = cursor.uint32();
  const databaseOid = cursor.uint32();
  const preparedAtUs = fromPostgresEpoch(cursor.int64());
  cursor.skip(4);
  const counts = readPrepareCounts(cursor, version);
  // A bool and its padding.
  cursor.skip(2);
  const gidBytes = cursor.uint16();
  const originPosition = cursor.uint64();
  cursor.skip(8);
  const gid = cursor.fixedText(gidBytes);
  cursor.align();
  const subxids = cursor.uint32s(counts.subxids);
  cursor.align();
  const droppedFiles = readFiles(cursor, counts.commitFiles);
  cursor.align();
  const filesDroppedByAbort = readFiles(cursor, counts.abortFiles);
  cursor.align();
  const droppedOids = readDroppedStatistics(cursor, counts.commitStatistics, version);
  cursor.align();
  cursor.skip(counts.abortStatistics * version.droppedStatsBytes);
  cursor.align();
  const invalidatedOids = readInvalidations(cursor, counts.invalidations);
  // Locks and the like follow, by resource manager.
  const originLsn = originPosition === 0n ? undefined : lsn(originPosition);
  const effects = { databaseOid, droppedFiles, filesDroppedByAbort, droppedOids, invalidatedOids, originLsn };
  return { ...place, kind: 'prepare', xid, gid, preparedAtUs, subxids, ...effects };
}

function decodeAssignment(place: RecordPlace, cursor: RecordCursor): SubtransactionsAssigned {
  const topXid = cursor.uint32();
  return { ...place, kind: 'assignment', topXid, subxids: cursor.uint32s(cursor.count()) };
}
