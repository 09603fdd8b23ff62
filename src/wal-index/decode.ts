/**
 * Reads the object of a segment's index. Nothing of it is believed before its checksums were verified, and nothing is
 * allocated for a length or a count of more than is there.
 *
 * Whether it is the index of the right segment is for whoever asked to compare.
 *
 * @module
 */

import { corrupt } from '../codec/corrupt.ts';
import { zstdDecompressWholeSync } from '../codec/zstd.ts';
import { crc32c } from '../postgres/crc32c.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { ChangedFile } from './changed-blocks.ts';
import { decodeChangedBlocks } from './changed-blocks-section.ts';
import { headField, stopField, tailField } from './index-borders.ts';
import { readEvents } from './index-events.ts';
import { INDEX_HEAD_BYTES, parseIndexHead, type IndexHead } from './index-object.ts';
import { IndexReader } from './index-reader.ts';
import { commonOf, summaryField } from './index-summary.ts';
import { readWork } from './index-work.ts';
import type { SegmentIndex, SegmentIndexSummary } from './segment-index.ts';

/** A body is not larger than a segment can be, whatever its head says. */
const MAX_BODY_BYTES = 1024 * 1024 * 1024;

/** How many bytes of an object hold its head and its summary. @throws {Failure} `corrupt` */
export function summaryEndByte(start: Buffer, object: string): number {
  return INDEX_HEAD_BYTES + parseIndexHead(start, object).summaryBytes;
}

/**
 * The summary at the head of an index.
 *
 * @param start at least the first {@link summaryEndByte} bytes of the object.
 * @throws {Failure} `corrupt`, naming the object and the place.
 */
export function decodeSegmentIndexSummary(start: Buffer, object: string): SegmentIndexSummary {
  return readSummary(start, parseIndexHead(start, object), object);
}

function readSummary(start: Buffer, head: IndexHead, object: string): SegmentIndexSummary {
  const endByte = INDEX_HEAD_BYTES + head.summaryBytes;
  if (start.length < endByte) throw corrupt(object, `it has ${start.length} bytes, and its summary ends at ${endByte}`);
  const bytes = start.subarray(INDEX_HEAD_BYTES, endByte);
  if (crc32c(bytes) !== head.summaryCrc)
    throw corrupt(object, 'the checksum of its summary is wrong', INDEX_HEAD_BYTES);
  const from = new IndexReader(bytes, object, 'summary');
  const summary = summaryField.read(from);
  from.end();
  return summary;
}

/** An index whose checksums are right, and whose events and work are decoded when somebody asks. */
export interface OpenedIndex {
  /** `events` and `work` throw a `corrupt` failure, naming the object and the place, if they are not what they should be. */
  readonly index: SegmentIndex;
  readonly summary: SegmentIndexSummary;
}

/** Opens an index: what borders on other segments is at hand. @throws {Failure} `corrupt`, naming the object and the place. */
export function openSegmentIndex(bytes: Buffer, object: string): OpenedIndex {
  const head = parseIndexHead(bytes, object);
  const summary = readSummary(bytes, head, object);
  storedBlocks(bytes, head, object);
  return { index: readBody(bodyOf(bytes, head, object), summary, object), summary };
}

/** A whole index. @throws {Failure} `corrupt`, naming the object and the place. */
export function decodeSegmentIndex(bytes: Buffer, object: string): SegmentIndex {
  const { index } = openSegmentIndex(bytes, object);
  decodeAll(index);
  return index;
}

/** Decodes what was not decoded yet of an opened index. @throws {Failure} `corrupt`, naming the object and the place. */
export function decodeAll(index: SegmentIndex): void {
  // Both are decoded together, by whoever asks first.
  void index.events;
}

/** What an incremental backup needs of an index. */
export interface IndexedBlocks extends Pick<SegmentIndex, 'head' | 'tail' | 'stop'> {
  readonly summary: SegmentIndexSummary;
  /** `undefined`: it was not noted which blocks changed. */
  readonly files: readonly ChangedFile[] | undefined;
}

/** The part of an index that tells which blocks its segment changes. @throws {Failure} `corrupt`, naming object and place. */
export function decodeIndexedBlocks(bytes: Buffer, object: string): IndexedBlocks {
  const indexHead = parseIndexHead(bytes, object);
  const summary = readSummary(bytes, indexHead, object);
  const blocks = storedBlocks(bytes, indexHead, object);
  const from = new IndexReader(bodyOf(bytes, indexHead, object), object, 'body');
  from.unsigned();
  const head = headField.read(from);
  const tail = tailField.read(from);
  const stop = stopField.read(from);
  return { summary, head, tail, stop, files: blocks && decodeChangedBlocks(blocks, object) };
}

/** The body. @throws {Failure} `corrupt` if it is not what the head says. */
function bodyOf(bytes: Buffer, head: IndexHead, object: string): Buffer {
  const bodyStart = INDEX_HEAD_BYTES + head.summaryBytes;
  const stored = bytes.subarray(bodyStart, bodyStart + head.storedBodyBytes);
  if (stored.length !== head.storedBodyBytes) {
    throw corrupt(object, `its body has ${stored.length} bytes, and its head says ${head.storedBodyBytes}`, bodyStart);
  }
  if (crc32c(stored) !== head.bodyCrc) throw corrupt(object, 'the checksum of its body is wrong', bodyStart);
  if (head.bodyBytes > MAX_BODY_BYTES) throw corrupt(object, `its body would have ${head.bodyBytes} bytes`, 16);
  const body = zstdDecompressWholeSync(stored, { maxBytes: head.bodyBytes, object });
  if (body.length !== head.bodyBytes) throw corrupt(object, `its body holds ${body.length} bytes`, bodyStart);
  return body;
}

/** The list of changed blocks, with which the object ends; `undefined` if it has none. */
function storedBlocks(bytes: Buffer, head: IndexHead, object: string): Buffer | undefined {
  const start = INDEX_HEAD_BYTES + head.summaryBytes + head.storedBodyBytes;
  const stored = bytes.subarray(start);
  if (bytes.length !== start + head.storedBlocksBytes) {
    throw corrupt(object, `it has ${bytes.length} bytes, and its head says ${start + head.storedBlocksBytes}`, 28);
  }
  if (crc32c(stored) !== head.blocksCrc) throw corrupt(object, 'the checksum of its changed blocks is wrong', start);
  return stored.length === 0 ? undefined : stored;
}

function readBody(body: Buffer, summary: SegmentIndexSummary, object: string): SegmentIndex {
  const { startLsn } = summary;
  const from = new IndexReader(body, object, 'body');
  const recordCount = from.unsigned();
  const head = headField.read(from);
  const tail = tailField.read(from);
  const stop = stopField.read(from);
  const rest = from.raw(from.leftBytes);
  let whole: Pick<SegmentIndex, 'events' | 'work'> | undefined;
  const decoded = () => (whole ??= readRest(rest, object, startLsn));
  return {
    ...commonOf(summary),
    head,
    tail,
    stop,
    recordCount,
    get events() {
      return decoded().events;
    },
    get work() {
      return decoded().work;
    },
  };
}

function readRest(rest: Buffer, object: string, startLsn: Lsn): Pick<SegmentIndex, 'events' | 'work'> {
  const from = new IndexReader(rest, object, 'body');
  const events = readEvents(from, object, startLsn);
  const work = readWork(from, object, startLsn);
  from.end();
  return { events, work };
}
