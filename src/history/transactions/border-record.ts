/**
 * A record that crosses the border of two or more segments: in the index of each is a part of it.
 *
 * Memory grows with the parts that came, not with the length that the record announces.
 *
 * Source: `src/include/access/xlog_internal.h` (`XLogPageHeaderData`), `src/backend/access/transam/xlogreader.c`.
 *
 * @module
 */

import { lsn, type Lsn } from '../../postgres/lsn.ts';
import type { SegmentIndex } from '../../wal-index/segment-index.ts';

const LONG_PAGE_HEADER_BYTES = 40;
const PAGE_HEADER_BYTES = 24;
const RECORD_ALIGNMENT_BYTES = 8n;

/** A record put together. Nothing in it is verified. */
export interface BorderRecord {
  readonly bytes: Buffer;
  readonly lsn: Lsn;
  /** First byte behind it, aligned. */
  readonly endLsn: Lsn;
  /** The record before it, by its own link. */
  readonly previousLsn: Lsn;
}

/**
 * What the border in front of a segment gives.
 *
 * - `none`: no record crosses it, or one that began before everything read, or one that the server lost in a crash and says so.
 * - `open`: the record goes on behind this segment.
 * - `record`: it ends in this segment.
 * - `broken`: the two sides of the border do not fit together.
 */
export type Border =
  | { readonly kind: 'none' }
  | { readonly kind: 'open' }
  | { readonly kind: 'record'; readonly record: BorderRecord }
  | { readonly kind: 'broken'; readonly lsn: Lsn; readonly reason: string };

/** Puts them together. Is shown all segments in order. */
export class BorderRecords {
  readonly #walPageBytes: number;
  #parts: Buffer[] = [];
  #collectedBytes = 0;
  /** The record that is being collected. */
  #open: { readonly lsn: Lsn; readonly totalBytes: number } | undefined;
  /** Bytes still to come of a record that began before everything read. */
  #unknownBytes = 0;
  #isFirst = true;

  /** @param walPageBytes size of the pages of WAL (`XLOG_BLCKSZ`). */
  constructor(walPageBytes = 8192) {
    this.#walPageBytes = walPageBytes;
  }

  /** Takes what the segment begins with. Call {@link leave} when its own records are done. */
  enter(index: SegmentIndex): Border {
    const { head, startLsn } = index;
    const open = this.#open;
    const isFirst = this.#isFirst;
    this.#isFirst = false;
    if (head.isOverwritten) {
      this.#drop();
      const reason = open === undefined ? undefined : namesAnother(index, open.lsn);
      return reason === undefined ? { kind: 'none' } : { kind: 'broken', lsn: startLsn, reason };
    }
    if (open === undefined) {
      const isExpected = isFirst || head.restBytes === this.#unknownBytes;
      this.#unknownBytes = Math.max(head.restBytes - head.bytes.length, 0);
      if (isExpected) return { kind: 'none' };
      return { kind: 'broken', lsn: startLsn, reason: 'the rest of a record that did not begin in the segment before' };
    }
    const missingBytes = open.totalBytes - this.#collectedBytes;
    if (head.restBytes !== missingBytes || head.bytes.length > missingBytes) {
      const reason = `${missingBytes} bytes of a record are still to come, and the next segment begins with ${head.restBytes}`;
      return { kind: 'broken', lsn: open.lsn, reason };
    }
    this.#parts.push(head.bytes);
    this.#collectedBytes += head.bytes.length;
    if (this.#collectedBytes < open.totalBytes) return { kind: 'open' };
    const bytes = Buffer.concat(this.#parts);
    this.#drop();
    if (bytes.length < PAGE_HEADER_BYTES) return { kind: 'broken', lsn: open.lsn, reason: 'a record without a header' };
    const previousLsn = lsn(bytes.readBigUInt64LE(8));
    const endLsn = endOfRest(startLsn, head.bytes.length, this.#walPageBytes);
    return { kind: 'record', record: { bytes, lsn: open.lsn, endLsn, previousLsn } };
  }

  /** Takes what the segment ends with. */
  leave({ tail }: SegmentIndex): void {
    if (tail === undefined) return;
    this.#open = { lsn: tail.lsn, totalBytes: tail.totalBytes };
    this.#parts = [tail.bytes];
    this.#collectedBytes = tail.bytes.length;
  }

  #drop(): void {
    this.#unknownBytes = 0;
    this.#open = undefined;
    this.#parts = [];
    this.#collectedBytes = 0;
  }
}

/** What is wrong where a record was lost: the server names it in the first record behind the place where it was to go on. */
function namesAnother({ events }: SegmentIndex, lostLsn: Lsn): string | undefined {
  const named = events.find((event) => event.kind === 'overwriteContrecord');
  if (named?.overwrittenLsn === lostLsn) return undefined;
  return named === undefined
    ? 'a record was lost here, and none names it'
    : 'another record was lost here than the one that began before';
}

/** First byte, aligned, behind the `restBytes` of a record that a segment begins with. */
function endOfRest(startLsn: Lsn, restBytes: number, walPageBytes: number): Lsn {
  let left = restBytes;
  let pageOffset = 0;
  let headerBytes = LONG_PAGE_HEADER_BYTES;
  while (left > walPageBytes - headerBytes) {
    left -= walPageBytes - headerBytes;
    pageOffset += walPageBytes;
    headerBytes = PAGE_HEADER_BYTES;
  }
  const end = startLsn + BigInt(pageOffset + headerBytes + left);
  return lsn(((end + RECORD_ALIGNMENT_BYTES - 1n) / RECORD_ALIGNMENT_BYTES) * RECORD_ALIGNMENT_BYTES);
}
