/**
 * Makes the index of one segment: one pass over its records, and nothing from anywhere else.
 *
 * Bad WAL ends the pass, and the index says where ({@link SegmentIndex.stop}); what stands before is valid. Refused are:
 * what is no segment at all, an unknown major, another cluster's.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { formatLsn, lsnHigh, lsnLow, type Lsn } from '../postgres/lsn.ts';
import { unknownWalVersion, versionByMajor, type Major } from '../postgres/versions.ts';
import { CatalogFiles, type CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import { readSegmentHeader, type SegmentHeader } from '../postgres/wal-records/page-header.ts';
import type { PageDecompressors } from '../postgres/wal-records/page-image.ts';
import { recordProblem } from '../postgres/wal-records/record-check.ts';
import { RECORD_HEADER_BYTES } from '../postgres/wal-records/wal-record.ts';
import { WalReader } from '../postgres/wal-records/wal-reader.ts';
import { parseSegmentName, segmentStart, walSegmentSize } from '../postgres/wal-segment.ts';
import { RecordIndexer } from './build-records.ts';
import type { ChangedFile } from './changed-blocks.ts';
import { FastRecordIndexer } from './fast/fast-indexer.ts';
import { FastRecordTables } from './fast/fast-tables.ts';
import { giveBackProgram, takeProgram } from './fast/program-of-thread.ts';
import type { IndexProgram } from './fast/program.ts';
import { PAGE_DECOMPRESSORS } from './page-decompressors.ts';
import { indexOfColumns } from './index-columns.ts';
import { PlainRecordTables, type RecordTables } from './record-tables.ts';
import { RecordsFrom } from './records-from.ts';
import type { IndexEvent, SegmentIndex, XidWork } from './segment-index.ts';

/** A segment to index. */
export interface IndexableSegment {
  /** 24 hex digits. */
  readonly fileName: string;
  /** All of it. */
  readonly bytes: Buffer;
  /** The object or path, for messages; the file name by default. */
  readonly storedAs?: string;
  /** Nothing at or behind this is read: the rest is another line's. Such an index is of no use for the whole file. */
  readonly validBelow?: Lsn | undefined;
  /** Records before this are checked, and are not in the index: it is one of the rest of the segment. */
  readonly fromLsn?: Lsn | undefined;
}

/** What is known beside the segment. All of it may be left out. */
export interface BuildOptions {
  readonly decompress?: PageDecompressors;
  /** Refuse a segment of any other cluster. */
  readonly systemIdentifier?: bigint | undefined;
  /** Files of naming catalogs that were rewritten: not found otherwise, unless the segment tells. */
  readonly catalogFiles?: readonly CatalogFile[];
  /** Without the program in WebAssembly: the reference. */
  readonly isPlain?: boolean;
}

/** How often a pass is begun again because it found a catalog in a file that it had taken for a table's. */
const MOST_PASSES = 4;

/**
 * Indexes one segment.
 *
 * @throws {Failure} `corrupt` if it is no segment, `refused` for an unknown major, `conflict` for another cluster's.
 */
export function buildSegmentIndex(segment: IndexableSegment, options: BuildOptions = {}): SegmentIndex {
  const where = describeSegment(segment, options);
  let catalogFiles = [...(options.catalogFiles ?? [])];
  for (let pass = 1; ; pass += 1) {
    const { index, learned } = onePass(segment, where, catalogFiles, options);
    if (learned.length === 0 || pass === MOST_PASSES) return index;
    catalogFiles = [...catalogFiles, ...learned];
  }
}

interface SegmentPlace {
  readonly header: SegmentHeader;
  readonly timeline: number;
  readonly startLsn: Lsn;
}

function describeSegment(
  { fileName, bytes, storedAs = fileName }: IndexableSegment,
  options: BuildOptions,
): SegmentPlace {
  const header = readSegmentHeader(bytes);
  if ('problem' in header) {
    if (header.problem === 'unknownVersion') throw unknownWalVersion(header.magic, storedAs);
    throw noSegment(storedAs, header.problem === 'unwritten' ? 'it begins with zeros' : header.reason);
  }
  const { systemIdentifier: expected } = options;
  if (expected !== undefined && header.systemIdentifier !== expected) {
    throw new Failure('conflict', {
      message: `cannot read ${storedAs}: it is WAL of the system ${header.systemIdentifier}, not of ${expected}`,
      remedy: 'One archive holds one cluster: look up where this segment came from.',
    });
  }
  const size = walSegmentSize(header.segmentSizeBytes);
  const named = parseSegmentName(fileName, size);
  if (named === undefined) throw noSegment(storedAs, `${fileName} is no name of a segment of ${size} bytes`);
  return { header, timeline: named.timeline, startLsn: segmentStart(named, size) };
}

function noSegment(storedAs: string, reason: string): Failure {
  return new Failure('corrupt', {
    message: `cannot read ${storedAs}: ${reason}`,
    remedy: 'It is no WAL segment. Look where it came from; a whole copy may still be in pg_wal.',
  });
}

/** One pass with the program of this thread, if it can be had; without it otherwise, or where its tables have no room. */
function onePass(
  segment: IndexableSegment,
  place: SegmentPlace,
  catalogFiles: readonly CatalogFile[],
  options: BuildOptions,
): Pass {
  const isPart = segment.validBelow !== undefined || segment.fromLsn !== undefined;
  const isPlain = isPart || options.isPlain === true;
  const program = isPlain ? undefined : takeProgram(place.header.segmentSizeBytes);
  if (program !== undefined) {
    const tables = new FastRecordTables(program, place.startLsn);
    let pass: Pass | undefined;
    try {
      pass = passInto(tables, program, segment, place, catalogFiles, options);
    } finally {
      giveBackProgram(pass && tables);
    }
    if (pass !== undefined) return pass;
  }
  const pass = passInto(new PlainRecordTables(), undefined, segment, place, catalogFiles, options);
  if (pass === undefined) throw new TypeError('tables that grow were full');
  return pass;
}

/** An index, and the files of catalogs that were found while it was made. */
interface Pass {
  readonly index: SegmentIndex;
  readonly learned: readonly CatalogFile[];
}

/** One pass that counts in `tables`, those of the program if it is given; `undefined` if they have no room. */
function passInto(
  tables: RecordTables,
  program: IndexProgram | undefined,
  segment: IndexableSegment,
  { header, timeline, startLsn }: SegmentPlace,
  catalogFiles: readonly CatalogFile[],
  options: BuildOptions,
): Pass | undefined {
  const files = new CatalogFiles(catalogFiles);
  const { fileName, bytes, validBelow } = segment;
  const { systemIdentifier, segmentSizeBytes: sizeBytes, version } = header;
  const reader = new WalReader({ line: { timeline, ancestors: undefined } });
  const catalogs = { files, decompress: options.decompress ?? PAGE_DECOMPRESSORS };
  const reject = (reason: string): void => {
    reader.reject(reason);
  };
  const indexer = new RecordIndexer(version, header.timeline, catalogs, reject, tables);
  const fast = program && new FastRecordIndexer({ program, reference: indexer, version, catalogFiles: files, reject });
  const later = segment.fromLsn === undefined ? undefined : new RecordsFrom(indexer, segment.fromLsn);
  const visitor = later ?? fast ?? indexer;
  reader.visit({ fileName, startLsn, bytes, ...(validBelow === undefined ? {} : { validBelow }) }, visitor);
  if (fast?.isFull === true) return undefined;
  const { stop } = reader;
  const { head, first, last, recordsRead: recordCount } = later === undefined ? reader : restOf(reader, later);
  // Where reading stopped, nothing goes on in a later segment.
  const tail = stop === undefined ? reader.tail : undefined;
  const { columns, contentCrc, highestXid } = tables;
  const identity = { fileName, timeline, startLsn, sizeBytes, systemIdentifier, major: version.major };
  const rest = { ...identity, contentCrc, head, first, last, tail, stop, recordCount, highestXid };
  return { index: indexOfColumns(rest, columns), learned: files.learned };
}

/** What is told of the records from a position on. */
function restOf(
  { last }: WalReader,
  { first, count }: RecordsFrom,
): Pick<WalReader, 'head' | 'first' | 'last' | 'recordsRead'> {
  const head = { restBytes: 0, bytes: Buffer.alloc(0), isOverwritten: false };
  return { head, first, last: first === undefined ? undefined : last, recordsRead: count };
}

/**
 * Indexes one record that was put together from the ends of two or more segments.
 *
 * @param bytes all of it, header included.
 * @throws {Failure} `corrupt` if it is not a whole, sound record.
 */
export function indexRecord(
  bytes: Buffer,
  lsn: Lsn,
  endLsn: Lsn,
  timeline: number,
  major: Major,
  options: BuildOptions = {},
): {
  readonly events: readonly IndexEvent[];
  readonly work: readonly XidWork[];
  readonly changedFiles: readonly ChangedFile[];
} {
  let problem = wholeRecordProblem(bytes);
  const files = new CatalogFiles(options.catalogFiles);
  const catalogs = { files, decompress: options.decompress ?? PAGE_DECOMPRESSORS };
  const tables = new PlainRecordTables();
  const reject = (reason: string): void => {
    problem = reason;
  };
  const indexer = new RecordIndexer(versionByMajor(major), timeline, catalogs, reject, tables);
  if (problem === undefined) {
    indexer.record(bytes, 0, bytes.length, lsnHigh(lsn), lsnLow(lsn), lsnHigh(endLsn), lsnLow(endLsn));
  }
  const { events, work, changedBlocks } = tables.columns;
  if (problem === undefined) {
    return { events: events.toEvents(), work: work.toWork(), changedFiles: changedBlocks.toFiles() };
  }
  throw new Failure('corrupt', {
    message: `cannot read the WAL record at ${formatLsn(lsn)}, which crosses the border of two segments: ${problem}`,
    remedy: 'The segments may be of different lines of history, or one of them is damaged.',
  });
}

function wholeRecordProblem(bytes: Buffer): string | undefined {
  if (bytes.length < RECORD_HEADER_BYTES) return `it has only ${bytes.length} bytes`;
  const announcedBytes = bytes.readUInt32LE(0);
  if (announcedBytes !== bytes.length) return `it has ${bytes.length} bytes, and says ${announcedBytes}`;
  return recordProblem(bytes, 0, bytes.length);
}
