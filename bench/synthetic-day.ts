/**
 * A day of WAL described by index objects: as many segments as there are in so many gibibytes, each with the index of one
 * real segment, its positions, numbers and times moved to where they would be. Of the segments there are the names, and
 * the first page of the last. In one of twenty definitions change, and names of relations are kept each hour, as by an agent.
 *
 * @module
 */

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeCatalogSnapshot } from '../src/archive/catalog-snapshots.ts';
import { compress } from '../src/codec/compression.ts';
import { lsn, type Lsn } from '../src/postgres/lsn.ts';
import { isTransactionEnd, type RunningTransactions } from '../src/postgres/wal-records/wal-event.ts';
import { formatSegmentName, parseSegmentName, walSegmentSize } from '../src/postgres/wal-segment.ts';
import type { ObjectStore } from '../src/storage/object-store.ts';
import { openStore } from '../src/storage/open.ts';
import { buildSegmentIndex } from '../src/wal-index/build-segment-index.ts';
import { encodeSegmentIndex } from '../src/wal-index/encode.ts';
import { segmentIndexKey } from '../src/wal-index/index-object.ts';
import { isCatalogChange } from '../src/wal-index/index-event-details.ts';
import type { IndexEvent, SegmentIndex, XidWork } from '../src/wal-index/segment-index.ts';

const US_PER_DAY = 86_400_000_000n;
const HOURS_PER_DAY = 24;
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

/** In one segment of so many transactions make and cut files: definitions change. */
const SEGMENTS_TO_DDL = 20;

function movedWork(work: readonly XidWork[], { bytes, xids }: Move, hasDdl: boolean): XidWork[] {
  return work.map((one) => ({
    ...one,
    ...(!hasDdl && { createdFiles: [], cutFiles: [], truncatedOids: [] }),
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
function moved(index: SegmentIndex, move: Move, named: { fileName: string; hasDdl: boolean }, previousLsn: Lsn) {
  const at = (position: Lsn): Lsn => lsn(position + move.bytes);
  return {
    ...index,
    fileName: named.fileName,
    startLsn: at(index.startLsn),
    head: { restBytes: 0, bytes: Buffer.alloc(0), isOverwritten: false },
    tail: undefined,
    first: index.first && { lsn: at(index.first.lsn), previousLsn },
    last: index.last && { lsn: at(index.last.lsn), endLsn: at(index.last.endLsn) },
    events: [...snapshot(index, move.lowestXid + move.xids, move), ...movedEvents(index.events, move)],
    work: movedWork(index.work, move, named.hasDdl),
    highestXid: index.highestXid === undefined ? undefined : index.highestXid + move.xids,
  };
}

/** What an agent keeps of names. Of this cluster there is one database, and nothing in it. */
async function keepNames(
  store: ObjectStore,
  { systemIdentifier, timeline, major, startLsn }: SegmentIndex,
  atUs: bigint,
) {
  const place = { block: 0, offset: 1, dataBytes: 0 };
  const lists = { schemas: [], relations: [], parents: [], mapped: [] };
  const taken = { lsn: startLsn, snapshot: { xmax: 3, running: [] } };
  const database = { oid: 5, name: 'postgres', place, tablespaceOid: 1663, problem: undefined, ...taken, ...lists };
  const identity = { systemIdentifier, timeline, major };
  await writeCatalogSnapshot(store, { ...identity, lsn: startLsn, takenAtUs: atUs, databases: [database] });
}

/** Where the segments of a day go: how far each is from the one that they are made of. */
function movesOf(index: SegmentIndex, segmentCount: number, endUs: bigint) {
  const nowhere = { bytes: 0n, xids: 0, lowestXid: 0, beginUs: 0n, stepUs: 0n };
  const transactionsPerSegment = movedEvents(index.events, nowhere).length;
  const lowestXid = Math.min(...index.work.map(({ xid }) => xid));
  const xidsPerSegment = (index.highestXid ?? lowestXid) - lowestXid + 1;
  const spanUs = US_PER_DAY / BigInt(segmentCount);
  const moveTo = (place: number): Move => ({
    bytes: BigInt(place) * BigInt(index.sizeBytes),
    xids: place * xidsPerSegment,
    lowestXid,
    beginUs: endUs - US_PER_DAY + spanUs * BigInt(place),
    stepUs: spanUs / BigInt(transactionsPerSegment + 1),
  });
  return { transactionsPerSegment, moveTo };
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
  const { transactionsPerSegment, moveTo } = movesOf(index, segmentCount, endUs);
  // As files, not by the store, which would sync each of thousands.
  await mkdir(join(archive, 'wal_005'), { recursive: true });
  await mkdir(join(archive, segmentIndexKey(index.fileName), '..'), { recursive: true });
  const store = await openStore({ kind: 'file', path: archive });
  const segmentsPerHour = Math.ceil(segmentCount / HOURS_PER_DAY);
  let indexBytes = 0;
  let previousLsn = lsn(0n);
  for (let place = 0; place < segmentCount; place += 1) {
    const fileName = formatSegmentName({ timeline: first.timeline, index: first.index + BigInt(place) }, size);
    const move = moveTo(place);
    const one = moved(index, move, { fileName, hasDdl: place % SEGMENTS_TO_DDL === 0 }, previousLsn);
    previousLsn = one.last?.lsn ?? previousLsn;
    const isLast = place + 1 === segmentCount;
    const object = isLast ? await lastOf(bytes, one) : Buffer.alloc(0);
    await writeFile(join(archive, 'wal_005', `${fileName}.zst`), object);
    const indexObject = encodeSegmentIndex(one, object.length);
    indexBytes += indexObject.length;
    await writeFile(join(archive, segmentIndexKey(fileName)), indexObject);
    if (place % segmentsPerHour === 0) await keepNames(store, one, move.beginUs);
  }
  return { segmentCount, transactionsPerSegment, indexBytes };
}

/** The last segment, by whose first page the archive is known. */
async function lastOf(bytes: Buffer, { startLsn }: SegmentIndex): Promise<Buffer> {
  const last = Buffer.from(bytes);
  last.writeBigUInt64LE(startLsn, 8);
  return compress('zstd', last);
}
