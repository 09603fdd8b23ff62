/**
 * The process that is measured beside `pg_waldump`: reads all segments of a folder, every page, link and CRC verified.
 *
 * `records`: each record is shown in place and counted. `parts`: the parts of each are found too. `index`: the index of
 * each segment is made of it.
 *
 * @module
 */

import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

import { lsn } from '../src/postgres/lsn.ts';
import { readSegmentHeader } from '../src/postgres/wal-records/page-header.ts';
import { RecordLayout } from '../src/postgres/wal-records/record-layout.ts';
import { WalReader } from '../src/postgres/wal-records/wal-reader.ts';

const [, , mode = '', folder = '', first = '', last = ''] = process.argv;
const names = readdirSync(folder).filter((name) => /^[0-9A-F]{24}$/.test(name) && name >= first && name <= last);
const reader = new WalReader({ line: { timeline: 1, ancestors: [] } });
const layout = new RecordLayout();
// Loaded where it is used only, as it is no part of reading.
const { buildSegmentIndex } =
  mode === 'index' ? await import('../src/wal-index/build-segment-index.ts') : { buildSegmentIndex: undefined };
const { forgetProgramUser } =
  mode === 'index' ? await import('../src/wal-index/fast/program-of-thread.ts') : { forgetProgramUser: undefined };
let records = 0;

function visit(fileName: string, bytes: Buffer, withParts: boolean): void {
  const header = readSegmentHeader(bytes);
  if ('problem' in header) throw new Error(`bench: ${fileName} is no segment`);
  const record = (inside: Buffer, start: number, end: number) => {
    if (withParts && !layout.parse(inside, start, end, header.version)) reader.reject('its parts do not add up');
  };
  reader.visit({ fileName, startLsn: lsn(header.startLsn), bytes }, { record });
  if (reader.stop !== undefined) throw new Error(`bench: ${fileName}: ${reader.stop.reason}`);
}

const SEGMENT_BYTES = 16 * 1024 * 1024;
const memory = Buffer.allocUnsafeSlow(SEGMENT_BYTES);

/** A segment, in the memory of the one before: a program that reads many takes it anew no more than pg_waldump does. */
function readSegment(fileName: string): Buffer {
  const file = openSync(join(folder, fileName), 'r');
  try {
    return memory.subarray(0, readSync(file, memory, 0, memory.length, 0));
  } finally {
    closeSync(file);
  }
}

for (const fileName of names.toSorted()) {
  const bytes = readSegment(fileName);
  if (buildSegmentIndex !== undefined) {
    const { recordCount, stop } = buildSegmentIndex({ fileName, bytes });
    if (stop !== undefined) throw new Error(`bench: ${fileName}: ${stop.reason}`);
    records += recordCount;
    forgetProgramUser?.();
  } else visit(fileName, bytes, mode === 'parts');
}
console.log(mode === 'index' ? records : reader.recordsRead);
