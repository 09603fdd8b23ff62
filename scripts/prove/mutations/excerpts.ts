/**
 * Excerpts of real WAL: records in a row from the archives of `fixtures/walg/`, laid out anew in segments of 1 MiB.
 *
 * Small, so that a million of them can be read in minutes; every tenth goes over the border of two segments.
 *
 * @module
 */

import { listArchivedWal } from '../../../src/history/archived-wal.ts';
import { readWalFile } from '../../../src/archive/read-wal-file.ts';
import { lsn, type Lsn } from '../../../src/postgres/lsn.ts';
import { readSegmentHeader } from '../../../src/postgres/wal-records/page-header.ts';
import { isSegmentSwitch, recordResourceManager, RM_XACT } from '../../../src/postgres/wal-records/wal-record.ts';
import { WalReader } from '../../../src/postgres/wal-records/wal-reader.ts';
import { formatSegmentName, walSegmentSize } from '../../../src/postgres/wal-segment.ts';
import { openStore } from '../../../src/storage/open.ts';
import { SYNTHETIC_SEGMENT_BYTES, SyntheticWal } from '../../../tests/support/synthetic-wal.ts';
import { fixtureArchives } from '../interop/fixture-archives.ts';

/** One segment of an excerpt. */
export interface ExcerptSegment {
  readonly fileName: string;
  readonly startLsn: Lsn;
  readonly bytes: Buffer;
  /** Behind this are zeros. */
  readonly usedBytes: number;
}

/** A record of an excerpt, with its sound bytes. */
export interface ExcerptRecord {
  readonly lsn: Lsn;
  readonly bytes: Buffer;
}

/** Sound WAL. */
export interface Excerpt {
  readonly major: number;
  readonly segments: readonly ExcerptSegment[];
  readonly records: readonly ExcerptRecord[];
  /** Behind the last record. */
  readonly endLsn: Lsn;
}

const EXCERPT_BYTES = 20_000;
const MOST_EXCERPTS = 150;
const BORDER_EVERY = 10;
const FIRST_SEGMENT = 5n;
/** Of WAL. */
export const PAGE_BYTES = 8192;
const LOGICAL_MESSAGE = 21;
/** Leaves less than an excerpt before the border. */
const FILLER_BYTES = SYNTHETIC_SEGMENT_BYTES - 2 * PAGE_BYTES;

/** Runs of records that hold at least one end of a transaction. */
function* runsOf(records: readonly Buffer[]): Generator<Buffer[]> {
  let run: Buffer[] = [];
  let lengthBytes = 0;
  for (const record of records) {
    run.push(record);
    lengthBytes += record.length;
    if (lengthBytes < EXCERPT_BYTES) continue;
    if (run.some((one) => recordResourceManager(one, 0) === RM_XACT)) yield run;
    [run, lengthBytes] = [[], 0];
  }
}

async function recordsOf(path: string): Promise<Buffer[]> {
  const store = await openStore({ kind: 'file', path });
  const { segments, segmentSizeBytes } = await listArchivedWal(store);
  const records: Buffer[] = [];
  const record = (bytes: Buffer, start: number, end: number) => {
    // Behind a switch nothing is read, so that it would hide what comes after it.
    if (!isSegmentSwitch(bytes, start)) records.push(Buffer.from(bytes.subarray(start, end)));
  };
  const names = [...segments].flatMap(([timeline, ranges]) =>
    ranges.flatMap(({ firstIndex, lastIndex }) =>
      Array.from({ length: Number(lastIndex - firstIndex) + 1 }, (_, index) =>
        formatSegmentName({ timeline, index: firstIndex + BigInt(index) }, segmentSizeBytes),
      ),
    ),
  );
  for (const fileName of names) {
    const file = await readWalFile(store, fileName);
    const header = file === undefined ? undefined : readSegmentHeader(file.bytes);
    if (file === undefined || header === undefined || 'problem' in header)
      throw new Error(`${fileName} cannot be read`);
    const reader = new WalReader({ line: { timeline: header.timeline + 100, ancestors: undefined } });
    reader.visit({ fileName, startLsn: lsn(header.startLsn), bytes: file.bytes }, { record });
  }
  return records;
}

function layOut(run: readonly Buffer[], major: number, overBorder: boolean): Excerpt {
  const wal = new SyntheticWal({ firstSegment: FIRST_SEGMENT, major });
  if (overBorder) wal.append({ resourceManager: LOGICAL_MESSAGE, mainData: Buffer.alloc(FILLER_BYTES) });
  const records = run.map((bytes) => ({ lsn: wal.transplant(bytes), bytes: Buffer.alloc(0) }));
  const size = walSegmentSize(SYNTHETIC_SEGMENT_BYTES);
  const end = wal.position;
  const segments = wal.segments().map(({ startLsn, bytes }) => {
    const fileName = formatSegmentName({ timeline: 1, index: startLsn / BigInt(size) }, size);
    const usedBytes = Math.min(Number(end - startLsn), SYNTHETIC_SEGMENT_BYTES);
    return { fileName, startLsn, bytes, usedBytes };
  });
  const whole = records.map((one, index) => ({
    lsn: one.lsn,
    bytes: gather(segments, one.lsn, run[index]?.length ?? 0),
  }));
  return { major, segments, records: whole, endLsn: end };
}

/** The bytes of a record as they stand in segments now, page headers left out. */
export function gather(
  segments: readonly Pick<ExcerptSegment, 'startLsn' | 'bytes'>[],
  position: Lsn,
  lengthBytes: number,
): Buffer {
  const found = Buffer.alloc(lengthBytes);
  const first = segments[0]?.startLsn ?? 0n;
  let at = Number(position - first);
  for (let taken = 0; taken < lengthBytes;) {
    if (at % PAGE_BYTES === 0) at += at % SYNTHETIC_SEGMENT_BYTES === 0 ? 40 : 24;
    const segment = segments[Math.floor(at / SYNTHETIC_SEGMENT_BYTES)];
    const inside = at % SYNTHETIC_SEGMENT_BYTES;
    const count = Math.min(lengthBytes - taken, PAGE_BYTES - (at % PAGE_BYTES));
    if (segment !== undefined && inside < segment.bytes.length)
      segment.bytes.copy(found, taken, inside, inside + count);
    taken += count;
    at += count;
  }
  return found;
}

/** Of one compression, zstd or lz4, and not encrypted: more would tell nothing else of the records in them. */
const PLAIN = /^pg\d+-(?:lz4|zstd)-v\d+(?:-forks)?$/;

/** The same excerpts in the same order every time. */
export async function readExcerpts(): Promise<Excerpt[]> {
  const runs: { run: Buffer[]; major: number }[] = [];
  const archives = (await fixtureArchives()).filter(({ name }) => PLAIN.test(name));
  for (const { path, major } of archives) {
    for (const run of runsOf(await recordsOf(path))) runs.push({ run, major });
  }
  const step = Math.max(1, Math.floor(runs.length / MOST_EXCERPTS));
  return runs
    .filter((_, index) => index % step === 0)
    .map(({ run, major }, index) => layOut(run, major, index % BORDER_EVERY === 9));
}
