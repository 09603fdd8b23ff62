/**
 * Writes the object of a segment's index: head, summary, and a body in zstd.
 *
 * @module
 */

import { zstdCompressWholeSync } from '../codec/zstd.ts';
import { crc32c } from '../postgres/crc32c.ts';
import { encodeChangedBlocks } from './changed-blocks-section.ts';
import { stopField, headField, tailField } from './index-borders.ts';
import { changedFilesOf, columnsOfIndex, type IndexColumns } from './index-columns.ts';
import { writeEventColumns, writeEvents } from './index-events.ts';
import { formatIndexHead } from './index-object.ts';
import { summaryField, summaryOf } from './index-summary.ts';
import { writeWork } from './index-work.ts';
import { writeWorkColumns } from './index-work-columns.ts';
import { IndexWriter } from './index-writer.ts';
import type { SegmentIndex } from './segment-index.ts';

/** Of an index that was not made here from a segment: which blocks it changed is not known. */
const NO_BLOCKS = Buffer.alloc(0);
const MIB = 1024 * 1024;

/** The object of an index. @param objectBytes the size of the archive's object of its segment, where it is known. */
export function encodeSegmentIndex(index: SegmentIndex, objectBytes?: number): Buffer {
  const summary = new IndexWriter();
  summaryField.write(summary, summaryOf(index, objectBytes));
  const body = bodyOf(index);
  const stored = zstdCompressWholeSync(body);
  const files = changedFilesOf(index);
  const blocks = files === undefined ? NO_BLOCKS : encodeChangedBlocks(files);
  const head = formatIndexHead({
    summaryBytes: summary.lengthBytes,
    storedBodyBytes: stored.length,
    bodyBytes: body.length,
    bodyCrc: crc32c(stored),
    summaryCrc: crc32c(summary.written),
    storedBlocksBytes: blocks.length,
    blocksCrc: crc32c(blocks),
  });
  return Buffer.concat([head, summary.written, stored, blocks]);
}

/** About how long what is compressed will be. */
function likelyBytes({ events, work }: IndexColumns): number {
  return MIB / 8 + 10 * events.count + 12 * work.transactionCount + 4 * work.fileCount;
}

/** What is compressed. */
function bodyOf(index: SegmentIndex): Buffer {
  const columns = columnsOfIndex(index);
  const out = new IndexWriter(columns === undefined ? 0 : likelyBytes(columns));
  out.unsigned(index.recordCount);
  headField.write(out, index.head);
  tailField.write(out, index.tail);
  stopField.write(out, index.stop);
  if (columns === undefined) {
    writeEvents(out, index.events, index.startLsn);
    writeWork(out, index.work, index.startLsn);
  } else {
    writeEventColumns(out, columns.events, index.startLsn);
    writeWorkColumns(out, columns.work, index.startLsn);
  }
  return out.written;
}
