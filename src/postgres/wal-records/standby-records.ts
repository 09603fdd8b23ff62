/**
 * What a hot standby needs: the running transactions, and the locks that its queries would wait for.
 *
 * Source: `src/include/storage/standbydefs.h`.
 *
 * @module
 */

import { RecordCursor } from './record-cursor.ts';
import type { RecordPlace, WalEvent } from './wal-event.ts';

const LOCK = 0x00;
const RUNNING_XACTS = 0x10;
const LOCK_BYTES = 12;

/** Decodes a record of the standby manager; `undefined` for the kinds that do not matter here. */
export function decodeStandbyRecord(place: RecordPlace, info: number, mainData: Buffer): WalEvent | undefined {
  const cursor = new RecordCursor(mainData);
  if (info === LOCK) return { ...place, kind: 'locks', locks: decodeLocks(cursor) };
  return info === RUNNING_XACTS ? decodeRunningXacts(place, cursor) : undefined;
}

function decodeLocks(cursor: RecordCursor) {
  const numbers = cursor.uint32s(cursor.count() * (LOCK_BYTES / 4));
  const locks: { xid: number; databaseOid: number; relationOid: number }[] = [];
  for (let at = 0; at + 2 < numbers.length; at += 3) {
    const [xid = 0, databaseOid = 0, relationOid = 0] = numbers.slice(at, at + 3);
    locks.push({ xid, databaseOid, relationOid });
  }
  return locks;
}

function decodeRunningXacts(place: RecordPlace, cursor: RecordCursor): WalEvent {
  const xactCount = cursor.count();
  const subxactCount = cursor.count();
  // A bool, and three bytes of padding that hold anything.
  const hasOverflowed = (cursor.uint32() & 0xff) !== 0;
  const nextXid = cursor.uint32();
  const oldestRunningXid = cursor.uint32();
  cursor.skip(4);
  const xids = cursor.uint32s(xactCount);
  const subxids = cursor.uint32s(subxactCount);
  return { ...place, kind: 'runningXacts', xids, subxids, hasOverflowed, nextXid, oldestRunningXid };
}
