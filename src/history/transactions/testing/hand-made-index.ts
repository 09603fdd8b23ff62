/**
 * Indexes of segments written by hand, for tests.
 *
 * @module
 */

import { lsn, type Lsn } from '../../../postgres/lsn.ts';
import type { RelationFile } from '../../../postgres/relation-file.ts';
import {
  NO_EFFECTS,
  type CheckpointWritten,
  type TransactionEnded,
  type TransactionPrepared,
} from '../../../postgres/wal-records/wal-event.ts';
import type { FileWork, IndexEvent, SegmentIndex, XidWork } from '../../../wal-index/segment-index.ts';
import type { SegmentIndexes } from '../read-transactions.ts';

export const SEGMENT_BYTES = 0x10_0000;

/** A table's file. */
export const file = (filenode: number): RelationFile => ({ tablespaceOid: 1663, databaseOid: 5, filenode });

const NO_ROWS = { inserted: 0, updated: 0, hotUpdated: 0, deleted: 0, movedOut: 0, insertedAfterMove: 0 };

/** Rows changed in a file. */
export const rows = (filenode: number, counts: Partial<Omit<FileWork, 'file'>>): FileWork => ({
  file: file(filenode),
  ...NO_ROWS,
  ...counts,
});

/** What one (sub)transaction did; its records are at `at`. */
export function work(xid: number, at: bigint, files: readonly FileWork[], more: Partial<XidWork> = {}): XidWork {
  const rest = { createdFiles: [], cutFiles: [], truncatedOids: [], isMoveOpen: false, firstInsertFile: undefined };
  const place = { firstLsn: lsn(at), lastLsn: lsn(at) };
  return { xid, topXid: undefined, ...place, walBytes: 100, originId: undefined, files, ...rest, ...more };
}

const place = (xid: number, at: bigint) => ({ xid, lsn: lsn(at), endLsn: lsn(at + 8n), timeline: 1 });

/** The end of a transaction. */
export function ended(
  kind: TransactionEnded['kind'],
  xid: number,
  at: bigint,
  more: Partial<TransactionEnded> = {},
): TransactionEnded {
  return { ...NO_EFFECTS, ...place(xid, at), kind, timeUs: at, subxids: [], gid: undefined, ...more };
}

export function prepared(xid: number, at: bigint, gid: string, subxids: readonly number[] = []): TransactionPrepared {
  const effects = { ...NO_EFFECTS, databaseOid: 5, filesDroppedByAbort: [] };
  return { ...effects, ...place(xid, at), kind: 'prepare', gid, preparedAtUs: at, subxids };
}

/** A checkpoint; `nextXid` is as its record has it. */
export function checkpoint(at: bigint, isShutdown: boolean, nextXid: number): CheckpointWritten {
  const timelines = { thisTimeline: 1, previousTimeline: 1 };
  const next = { nextXid: BigInt(nextXid), timeSeconds: 0n };
  return { ...place(0, at), kind: 'checkpoint', isShutdown, redoLsn: lsn(at), ...timelines, ...next };
}

/** Subtransactions of a transaction. */
export function assigned(topXid: number, at: bigint, subxids: readonly number[]): IndexEvent {
  return { ...place(topXid, at), kind: 'assignment', topXid, subxids };
}

export function running(at: bigint, xids: readonly number[], nextXid: number): IndexEvent {
  const oldestRunningXid = Math.min(nextXid, ...xids);
  return { ...place(0, at), kind: 'runningXacts', xids, subxids: [], hasOverflowed: false, nextXid, oldestRunningXid };
}

/** The `n`-th segment, from 1 on. Its first record follows the last one of the segment before. */
export function segment(
  n: number,
  events: readonly IndexEvent[],
  done: readonly XidWork[] = [],
  more: Partial<SegmentIndex> = {},
): SegmentIndex {
  const start = BigInt(n * SEGMENT_BYTES);
  const lastOf = (index: bigint): Lsn => lsn(index + BigInt(SEGMENT_BYTES) - 64n);
  return {
    fileName: `segment ${n}`,
    timeline: 1,
    startLsn: lsn(start),
    sizeBytes: SEGMENT_BYTES,
    systemIdentifier: 1n,
    major: 17,
    contentCrc: 0,
    head: { restBytes: 0, bytes: Buffer.alloc(0), isOverwritten: false },
    first: { lsn: lsn(start + 40n), previousLsn: lastOf(start - BigInt(SEGMENT_BYTES)) },
    last: { lsn: lastOf(start), endLsn: lsn(lastOf(start) + 64n) },
    tail: undefined,
    stop: undefined,
    recordCount: events.length,
    events,
    work: done,
    highestXid: undefined,
    ...more,
  };
}

/** The position of byte `offset` of the `n`-th segment. */
export const at = (n: number, offset: number): bigint => BigInt(n * SEGMENT_BYTES + offset);

/** Segments to read, at whose end the archive ends. */
export function segments(all: Iterable<SegmentIndex>): SegmentIndexes {
  async function* given(): AsyncGenerator<SegmentIndex> {
    yield* all;
  }
  return Object.assign(given(), { end: { kind: 'endOfArchive', missing: 'the next' } as const });
}
