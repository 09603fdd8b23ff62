/**
 * A day of WAL described by index objects: as many segments as there are in so many gibibytes, each with the index of one
 * real segment, its positions, numbers and times moved to where they would be. Of the segments there are the names, and
 * the first page of the last.
 *
 * @module
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { compress } from '../src/codec/compression.ts';
import { lsn, type Lsn } from '../src/postgres/lsn.ts';
import { isTransactionEnd, type RunningTransactions } from '../src/postgres/wal-records/wal-event.ts';
import { formatSegmentName, parseSegmentName, walSegmentSize } from '../src/postgres/wal-segment.ts';
import { buildSegmentIndex } from '../src/wal-index/build-segment-index.ts';
import { encodeSegmentIndex } from '../src/wal-index/encode.ts';
import { segmentIndexKey } from '../src/wal-index/index-object.ts';
import { isCatalogChange } from '../src/wal-index/index-event-details.ts';
import type { IndexEvent, SegmentIndex, XidWork } from '../src/wal-index/segment-index.ts';

const US_PER_DAY = 86_400_000_000n;
const GIB = 1024 ** 3;

/** The day that was written. */
export interface SyntheticDay {
  readonly segmentCount: number;
  readonly transactionsPerSegment: number;
  readonly indexBytes: number;
}

/** What is added to a segment's positions, transaction numbers and times, so that it stands at another place. */
interface Move {
  readonly bytes: bigint;
  readonly xids: number;
  /** The lowest number in the segment. */
  readonly lowestXid: number;
  /** The time of the first end, and how much later the next is. */
  readonly beginUs: bigint;
  readonly stepUs: bigint;
}

function movedEvents(events: readonly IndexEvent[], move: Move): IndexEvent[] {
  let ended = 0n;
  return events.flatMap((event): IndexEvent[] => {
    if (isCatalogChange(event) || !isTransactionEnd(event)) return [];
    ended += 1n;
    const place = {
      lsn: lsn(event.lsn + move.bytes),
      endLsn: lsn(event.endLsn + move.bytes),
      xid: event.xid + move.xids,
    };
    return [{ ...event, ...place, timeUs: move.beginUs + move.stepUs * ended }];
  });
}

function movedWork(work: readonly XidWork[], { bytes, xids }: Move): XidWork[] {
  return work.map((one) => ({
    ...one,
    xid: one.xid + xids,
    firstLsn: lsn(one.firstLsn + bytes),
    lastLsn: lsn(one.lastLsn + bytes),
  }));
}

/** A snapshot of what runs, as a server takes it each 15 seconds: nothing, before the first transaction. */
function snapshot({ first, timeline }: SegmentIndex, nextXid: number, move: Move): RunningTransactions[] {
  if (first === undefined) return [];
  const begin = lsn(first.lsn + move.bytes);
  const place = { lsn: begin, endLsn: lsn(begin + 56n), timeline, xid: 0 };
  const running = { xids: [], subxids: [], hasOverflowed: false, nextXid, oldestRunningXid: nextXid };
  return [{ kind: 'runningXacts', ...place, ...running }];
}

/** @param previousLsn the last record of the segment before; every segment is whole in itself. */
function moved(index: SegmentIndex, move: Move, fileName: string, previousLsn: Lsn): SegmentIndex {
  const at = (position: Lsn): Lsn => lsn(position + move.bytes);
  return {
    ...index,
    fileName,
    startLsn: at(index.startLsn),
    head: { restBytes: 0, bytes: Buffer.alloc(0), isOverwritten: false },
    tail: undefined,
    first: index.first && { lsn: at(index.first.lsn), previousLsn },
    last: index.last && { lsn: at(index.last.lsn), endLsn: at(index.last.endLsn) },
    events: [...snapshot(index, move.lowestXid + move.xids, move), ...movedEvents(index.events, move)],
    work: movedWork(index.work, move),
    highestXid: index.highestXid === undefined ? undefined : index.highestXid + move.xids,
  };
}

/** Writes the archive of a day that ends at `endUs`, from one real segment. */
export async function writeSyntheticDay(
  archive: string,
  segment: string,
  { sizeGib, endUs }: { readonly sizeGib: number; readonly endUs: bigint },
): Promise<SyntheticDay> {
  const bytes = await readFile(segment);
  const index = buildSegmentIndex({ fileName: segment.slice(-24), bytes });
  const size = walSegmentSize(index.sizeBytes);
  const first = parseSegmentName(index.fileName, size);
  if (first === undefined || index.stop !== undefined) throw new Error(`bench: ${segment} cannot be indexed`);
  const segmentCount = Math.floor((sizeGib * GIB) / size);
  const transactionsPerSegment = movedEvents(index.events, {
    bytes: 0n,
    xids: 0,
    lowestXid: 0,
    beginUs: 0n,
    stepUs: 0n,
  }).length;
  const lowest = Math.min(...index.work.map(({ xid }) => xid));
  const xidsPerSegment = (index.highestXid ?? lowest) - lowest + 1;
  const spanUs = US_PER_DAY / BigInt(segmentCount);
  await mkdir(join(archive, 'wal_005'), { recursive: true });
  await mkdir(join(archive, segmentIndexKey(index.fileName), '..'), { recursive: true });
  let indexBytes = 0;
  let previousLsn = lsn(0n);
  for (let place = 0; place < segmentCount; place += 1) {
    const fileName = formatSegmentName({ timeline: first.timeline, index: first.index + BigInt(place) }, size);
    const beginUs = endUs - US_PER_DAY + spanUs * BigInt(place);
    const stepUs = spanUs / BigInt(transactionsPerSegment + 1);
    const move = {
      bytes: BigInt(place) * BigInt(size),
      xids: place * xidsPerSegment,
      lowestXid: lowest,
      beginUs,
      stepUs,
    };
    const one = moved(index, move, fileName, previousLsn);
    previousLsn = one.last?.lsn ?? previousLsn;
    const object = encodeSegmentIndex(one);
    indexBytes += object.length;
    await writeFile(join(archive, segmentIndexKey(fileName)), object);
    await writeFile(
      join(archive, 'wal_005', `${fileName}.zst`),
      place + 1 < segmentCount ? '' : await lastOf(bytes, one),
    );
  }
  return { segmentCount, transactionsPerSegment, indexBytes };
}

/** The last segment, by whose first page the archive is known. */
async function lastOf(bytes: Buffer, { startLsn }: SegmentIndex): Promise<Buffer> {
  const last = Buffer.from(bytes);
  last.writeBigUInt64LE(startLsn, 8);
  return compress('zstd', last);
}
