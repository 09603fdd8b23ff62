/**
 * Records that the WAL manager writes about itself: checkpoints, restore points, promotions, parameters.
 *
 * Source: `src/include/catalog/pg_control.h` (`CheckPoint`, `XLOG_*`), `src/include/access/xlog_internal.h`.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { walLevelOf } from '../control-file.ts';
import { lsn } from '../lsn.ts';
import { fromPostgresEpoch } from '../timestamp.ts';
import { RecordCursor } from './record-cursor.ts';
import type { CheckpointWritten, ParametersChanged, RecordPlace, WalEvent } from './wal-event.ts';

const CHECKPOINT_SHUTDOWN = 0x00;
const CHECKPOINT_ONLINE = 0x10;
const BACKUP_END = 0x50;
const PARAMETER_CHANGE = 0x60;
const RESTORE_POINT = 0x70;
const END_OF_RECOVERY = 0x90;
const OVERWRITE_CONTRECORD = 0xd0;
const CHECKPOINT_REDO = 0xe0;

const NEXT_OID = 0x30;
const FPI_FOR_HINT = 0xa0;
/** Images of pages, for what nothing else is told of them. */
export const XLOG_FPI = 0xb0;
/** Common kinds of which {@link decodeXlogRecord} tells nothing. */
export const PASSED_OVER_INFOS: readonly number[] = [NEXT_OID, FPI_FOR_HINT, XLOG_FPI];

const RESTORE_POINT_NAME_BYTES = 64;

/** Decodes a record of the WAL manager; `undefined` for the kinds that do not matter here. */
export function decodeXlogRecord(place: RecordPlace, info: number, mainData: Buffer): WalEvent | undefined {
  const cursor = new RecordCursor(mainData);
  switch (info) {
    case CHECKPOINT_SHUTDOWN:
      return decodeCheckpoint(place, true, cursor);
    case CHECKPOINT_ONLINE:
      return decodeCheckpoint(place, false, cursor);
    case CHECKPOINT_REDO:
      return { ...place, kind: 'redoPoint' };
    case BACKUP_END:
      return { ...place, kind: 'backupEnd', backupStartLsn: lsn(cursor.uint64()) };
    case PARAMETER_CHANGE:
      return decodeParameterChange(place, cursor);
    case RESTORE_POINT: {
      const timeUs = fromPostgresEpoch(cursor.int64());
      return { ...place, kind: 'restorePoint', timeUs, name: cursor.fixedText(RESTORE_POINT_NAME_BYTES) };
    }
    case END_OF_RECOVERY: {
      const timeUs = fromPostgresEpoch(cursor.int64());
      const thisTimeline = cursor.uint32();
      return { ...place, kind: 'endOfRecovery', timeUs, thisTimeline, previousTimeline: cursor.uint32() };
    }
    case OVERWRITE_CONTRECORD: {
      const overwrittenLsn = lsn(cursor.uint64());
      return { ...place, kind: 'overwriteContrecord', overwrittenLsn, timeUs: fromPostgresEpoch(cursor.int64()) };
    }
    default:
      return undefined;
  }
}

function decodeCheckpoint(place: RecordPlace, isShutdown: boolean, cursor: RecordCursor): CheckpointWritten {
  const redoLsn = lsn(cursor.uint64());
  const thisTimeline = cursor.uint32();
  const previousTimeline = cursor.uint32();
  cursor.skip(8);
  const nextXid = cursor.uint64();
  cursor.skip(32);
  const timeSeconds = cursor.int64();
  return { ...place, kind: 'checkpoint', isShutdown, redoLsn, thisTimeline, previousTimeline, nextXid, timeSeconds };
}

function decodeParameterChange(place: RecordPlace, cursor: RecordCursor): ParametersChanged {
  const settings = {
    maxConnections: cursor.int32(),
    maxWorkerProcesses: cursor.int32(),
    maxWalSenders: cursor.int32(),
    maxPreparedTransactions: cursor.int32(),
    maxLocksPerTransaction: cursor.int32(),
  };
  const level = cursor.int32();
  const walLevel = walLevelOf(level);
  if (walLevel !== undefined) return { ...place, kind: 'parameterChange', settings, walLevel };
  throw new Failure('corrupt', {
    message: `cannot read a parameter change: wal_level ${level} means nothing`,
    remedy: 'The record passed its CRC, so a program wrote it like this; report it with the segment.',
  });
}
