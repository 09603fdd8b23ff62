/**
 * The last part of an index's object: which blocks the segment changes. Read alone by who takes an incremental backup.
 *
 * For each file its tablespace, database and filenode; its limit plus one, 0 where there is none; how many blocks; the first
 * block, then the distance of each to the one before. All of it in zstd. An index that was made without it has no such part:
 * then nobody knows which blocks changed.
 *
 * @module
 */

import { zstdCompressWholeSync, zstdDecompressWholeSync } from '../codec/zstd.ts';
import type { ChangedFile } from './changed-blocks.ts';
import { IndexReader } from './index-reader.ts';
import { IndexWriter } from './index-writer.ts';

/** More than the blocks of a segment of 1 GiB take, each record naming 33. */
const MAX_SECTION_BYTES = 1024 * 1024 * 1024;

/** Writes it. */
export function encodeChangedBlocks(files: readonly ChangedFile[]): Buffer {
  const out = new IndexWriter();
  out.unsigned(files.length);
  for (const { file, limitBlock, blocks } of files) {
    out.unsigned(file.tablespaceOid);
    out.unsigned(file.databaseOid);
    out.unsigned(file.filenode);
    out.unsigned(limitBlock === undefined ? 0 : limitBlock + 1);
    out.unsigned(blocks.length);
    let before = 0;
    for (const block of blocks) {
      out.unsigned(block - before);
      before = block;
    }
  }
  return zstdCompressWholeSync(out.written);
}

/** Reads it; its checksum was verified. @throws {Failure} `corrupt`, naming the object. */
export function decodeChangedBlocks(stored: Buffer, object: string): ChangedFile[] {
  const bytes = zstdDecompressWholeSync(stored, { maxBytes: MAX_SECTION_BYTES, object });
  const from = new IndexReader(bytes, object, 'list of changed blocks');
  const files = Array.from({ length: from.count() }, () => readFile(from));
  from.end();
  return files;
}

function readFile(from: IndexReader): ChangedFile {
  const file = { tablespaceOid: from.unsigned32(), databaseOid: from.unsigned32(), filenode: from.unsigned32() };
  const limit = from.unsigned();
  const blocks = new Uint32Array(from.count());
  let block = 0;
  for (let at = 0; at < blocks.length; at += 1) {
    const distance = from.unsigned32();
    if (at > 0 && distance === 0) throw from.problem('a block named twice');
    block += distance;
    if (block > 0xffff_ffff) throw from.problem('a block number of more than 32 bits');
    blocks[at] = block;
  }
  return { file, limitBlock: limit === 0 ? undefined : limit - 1, blocks };
}
