import { copyFile, cp, link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { decompress } from '../../src/codec/compression.ts';
import { lsn } from '../../src/postgres/lsn.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { decodeSegmentIndex } from '../../src/wal-index/decode.ts';
import { encodeSegmentIndex } from '../../src/wal-index/encode.ts';
import { segmentIndexKey } from '../../src/wal-index/index-object.ts';
import type { SegmentIndex } from '../../src/wal-index/segment-index.ts';
import type { ArchivedWal } from '../../src/history/archived-wal.ts';
import { scanWal } from '../../src/history/scan.ts';
import {
  readSegmentIndexes,
  type SegmentIndexRequest,
  type SegmentIndexScan,
} from '../../src/history/segment-indexes.ts';
import { listWal } from '../../src/history/segment-source-wal.ts';
import { readTimelines, type Timelines } from '../../src/history/timelines.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-lz4-v305-forks/archive/wal_005');
const MIB = 1024n * 1024n;

let base = '';
let folder = '';
let store: ObjectStore;
let wal: ArchivedWal;
let timelines: Timelines;
/** What the indexes of the line of timeline 3 are; their objects are in `base` too. */
let expected: SegmentIndex[];

/** An archive of the fixture's WAL, not compressed, which each test gets a copy of. */
async function makeBase(): Promise<void> {
  base = await mkdtemp(join(tmpdir(), 'walkback-indexes-'));
  await mkdir(join(base, 'wal_005'));
  for (const name of await readdir(FIXTURE)) {
    const fileName = name.replace(/\.lz4$/, '');
    const bytes = await decompress('lz4', await readFile(join(FIXTURE, name)), { maxBytes: 1 << 30, object: name });
    await writeFile(join(base, 'wal_005', fileName), bytes);
  }
  await openFolder(base);
  expected = (await read({ writeIndex: true })).indexes;
  await store.close();
}

async function openFolder(path: string): Promise<void> {
  store = await openStore({ kind: 'file', path });
  wal = await listWal({ store });
  timelines = await readTimelines(store, wal);
}

beforeAll(makeBase);
afterAll(async () => rm(base, { recursive: true, force: true }));
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-indexes-'));
  await mkdir(join(folder, 'wal_005'));
  // Tests replace files, and change none.
  for (const name of await readdir(join(base, 'wal_005'))) {
    await link(join(base, 'wal_005', name), join(folder, 'wal_005', name));
  }
  await openFolder(folder);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** Stores the indexes of the line. */
async function storeIndexes(): Promise<void> {
  await cp(join(base, 'walkback_001'), join(folder, 'walkback_001'), { recursive: true });
}

/** Puts another segment in the place of one. */
async function replace(fileName: string, change: (bytes: Buffer) => void): Promise<void> {
  const path = join(folder, 'wal_005', fileName);
  const bytes = await readFile(path);
  change(bytes);
  await rm(path);
  await writeFile(path, bytes);
}

interface Answer {
  readonly indexes: SegmentIndex[];
  readonly scan: SegmentIndexScan;
}

async function read(request: Partial<SegmentIndexRequest> = {}): Promise<Answer> {
  const line = timelines.lineOf(3);
  const scan = readSegmentIndexes({ store, wal, line, fromLsn: lsn(2n * 16n * MIB), workerCount: 0, ...request });
  const indexes: SegmentIndex[] = [];
  for await (const index of scan) indexes.push(index);
  return { indexes, scan };
}

const names = ({ indexes }: Answer): string[] => indexes.map(({ fileName }) => fileName);

const LINE_OF_3 = [
  '000000010000000000000002',
  '000000010000000000000003',
  '000000010000000000000004',
  '000000010000000000000005',
  '000000030000000000000006',
  '000000030000000000000007',
  '000000030000000000000008',
];

/** Puts an index object that is this one changed. */
async function putChanged(fileName: string, change: (index: SegmentIndex) => SegmentIndex): Promise<void> {
  const key = segmentIndexKey(fileName);
  const bytes = await store.get(key);
  if (bytes === undefined) throw new Error(`no index of ${fileName}`);
  await store.put(key, encodeSegmentIndex(change(decodeSegmentIndex(bytes, key))));
}

/** The segment as a server has it, in a folder like pg_wal. */
async function asPgWal(fileNames: readonly string[]): Promise<string> {
  const pgWal = join(folder, 'pg_wal');
  await mkdir(pgWal);
  for (const fileName of fileNames) await copyFile(join(base, 'wal_005', fileName), join(pgWal, fileName));
  return pgWal;
}

describe('the indexes of a line of history', () => {
  it('are those of its segments in order, over every branch', async () => {
    const answer = await read();
    expect(names(answer)).toStrictEqual(LINE_OF_3);
    expect(answer.scan.end).toMatchObject({ kind: 'endOfArchive', missing: '000000030000000000000009' });
  });

  it('hold the same transactions as a scan of the records does, and end where it ends', async () => {
    const answer = await read();
    const line = timelines.lineOf(3);
    const scan = scanWal({ store, wal, line, fromLsn: lsn(2n * 16n * MIB) });
    const ends: unknown[] = [];
    for await (const event of scan)
      if ('timeUs' in event && 'subxids' in event) ends.push([event.kind, event.lsn, event.xid]);
    const found = answer.indexes.flatMap(({ events }) =>
      events.flatMap((event) => ('timeUs' in event && 'subxids' in event ? [[event.kind, event.lsn, event.xid]] : [])),
    );
    expect(found).toStrictEqual(ends);
    expect(answer.scan.last).toStrictEqual(scan.last);
    expect(answer.scan.end).toStrictEqual(scan.end);
  });

  it('are the same from other threads', async () => {
    expect((await read({ workerCount: 2 })).indexes).toStrictEqual(expected);
  });

  it('come from their objects once these are stored, and the segments are not needed any more', async () => {
    await storeIndexes();
    await rm(join(folder, 'wal_005'), { recursive: true });
    const again = await read();
    expect(again.indexes).toStrictEqual(expected);
    expect(again.scan.ignored).toStrictEqual([]);
    await expect(read({ useIndex: false })).resolves.toMatchObject({ indexes: [] });
  });

  it('are not those of an object of another size, which was put in the place of the one they were made of', async () => {
    await storeIndexes();
    const path = join(folder, 'wal_005', '000000010000000000000004');
    const whole = await readFile(path);
    await rm(path);
    await writeFile(path, whole.subarray(0, whole.length / 2));
    wal = await listWal({ store });
    const { scan } = await read();
    expect(scan.end).toMatchObject({ kind: 'damage', stop: { fileName: '000000010000000000000004' } });
    expect(scan.ignored).toMatchObject([{ reason: expect.stringMatching(/had 16777216 bytes, and it has 8388608/) }]);
  });

  it('end with the segment that holds the position asked for', async () => {
    const answer = await read({ toLsn: lsn(4n * 16n * MIB + 100n) });
    expect(names(answer)).toStrictEqual(LINE_OF_3.slice(0, 3));
    expect(answer.scan.end).toStrictEqual({ kind: 'reached' });
  });

  it('tell of a hole', async () => {
    await rm(join(folder, 'wal_005', '000000010000000000000005'));
    wal = await listWal({ store });
    const answer = await read();
    expect(names(answer)).toStrictEqual(LINE_OF_3.slice(0, 3));
    expect(answer.scan.end).toMatchObject({
      kind: 'hole',
      missing: '000000010000000000000005',
      resumes: { index: 6n },
    });
  });
});

describe('a parent’s file where the child’s is missing', () => {
  it('serves up to the branch and no further, and its index object is not used for that', async () => {
    const branch = timelines.forkOf(3)?.switchLsn ?? 0n;
    const parent = '000000010000000000000006';
    await read({ writeIndex: true, line: timelines.lineOf(1), fromLsn: lsn(5n * 16n * MIB) });
    await rm(join(folder, 'wal_005', '000000030000000000000006'));
    wal = await listWal({ store });
    const answer = await read();
    expect(names(answer)).toStrictEqual([...LINE_OF_3.slice(0, 4), parent]);
    const last = answer.indexes.at(-1);
    expect(last?.last?.endLsn).toBe(branch);
    expect(last?.events.every((event) => event.lsn < branch)).toBe(true);
    expect(answer.scan.end).toMatchObject({
      kind: 'hole',
      missing: '000000030000000000000006',
      resumes: { index: 7n },
    });
    const whole = await read({ line: timelines.lineOf(1), fromLsn: lsn(5n * 16n * MIB) });
    expect(whole.indexes.at(-1)?.last?.lsn).toBeGreaterThan(branch);
  });
});

describe('an index that cannot be stored', () => {
  it('is told of once, and hinders nothing', async () => {
    // A file where the folder of the indexes should be.
    await writeFile(join(folder, 'walkback_001'), '');
    const warnings: string[] = [];
    const answer = await read({ writeIndex: true, useIndex: false, onWarning: (text) => warnings.push(text) });
    expect(answer.indexes).toStrictEqual(expected);
    expect(warnings).toStrictEqual([expect.stringMatching(/^cannot store the index of 0000000[0-9A-F]{17}, /)]);
  });
});

describe('an index object that is wrong', () => {
  const DAMAGED = LINE_OF_3[3] ?? '';

  it.each([
    [
      'a bit of it is flipped',
      (bytes: Buffer) => bytes.writeUInt8((bytes[bytes.length - 9] ?? 0) ^ 4, bytes.length - 9),
    ],
    ['its summary is cut', (bytes: Buffer) => bytes.fill(0, 40)],
    ['its version is another', (bytes: Buffer) => bytes.writeUInt16LE(1, 4)],
  ])('is ignored, named, and made anew where %s', async (_, damage) => {
    await storeIndexes();
    const path = join(folder, segmentIndexKey(DAMAGED));
    const bytes = await readFile(path);
    damage(bytes);
    await writeFile(path, bytes);
    const again = await read({ writeIndex: true });
    expect(again.indexes).toStrictEqual(expected);
    expect(again.scan.ignored.map(({ key }) => key)).toStrictEqual([segmentIndexKey(DAMAGED)]);
    expect((await read()).scan.ignored).toStrictEqual([]);
  });

  it.each([
    ['of another cluster', (index: SegmentIndex) => ({ ...index, systemIdentifier: 7n }), /of the system 7/],
    [
      'of another segment',
      (index: SegmentIndex) => ({ ...index, fileName: LINE_OF_3[4] ?? '' }),
      /the index of 00000003/,
    ],
    ['of segments of another size', (index: SegmentIndex) => ({ ...index, sizeBytes: 1024 }), /of 1024 bytes/],
    [
      'stale: of a life in which other records came before',
      (index: SegmentIndex) => ({ ...index, first: index.first && { ...index.first, previousLsn: lsn(0x111n) } }),
      /does not fit its neighbours/,
    ],
    [
      'stale: of a life in which other records came behind',
      (index: SegmentIndex) => ({ ...index, last: index.last && { ...index.last, lsn: lsn(index.last.lsn - 8n) } }),
      /does not fit its neighbours/,
    ],
  ])('is ignored and made anew where it is %s', async (_, change, reason) => {
    await storeIndexes();
    await putChanged(DAMAGED, change);
    const again = await read();
    expect(again.indexes).toStrictEqual(expected);
    expect(
      again.scan.ignored.some((ignored) => ignored.key === segmentIndexKey(DAMAGED) && reason.test(ignored.reason)),
    ).toBe(true);
  });
});

describe('segments that are damaged', () => {
  it('end the reading, which names the place, and no index of them is stored', async () => {
    const fileName = LINE_OF_3[3] ?? '';
    await replace(fileName, (bytes) => bytes.writeUInt8((bytes[80] ?? 0) ^ 1, 80));
    const answer = await read({ writeIndex: true });
    expect(names(answer)).toStrictEqual(LINE_OF_3.slice(0, 4));
    expect(answer.scan.end).toMatchObject({ kind: 'damage', stop: { kind: 'damaged', fileName } });
    expect(answer.indexes.at(-1)?.stop).toBeDefined();
    expect(await store.get(segmentIndexKey(fileName))).toBeUndefined();
    expect(await store.get(segmentIndexKey(LINE_OF_3[2] ?? ''))).toBeDefined();
  });

  it('of another cluster give nothing', async () => {
    const fileName = LINE_OF_3[3] ?? '';
    await replace(fileName, (bytes) => bytes.writeBigUInt64LE(5n, 24));
    const answer = await read();
    expect(names(answer)).toStrictEqual(LINE_OF_3.slice(0, 3));
    expect(answer.scan.end).toMatchObject({ kind: 'damage', stop: { kind: 'foreign', fileName } });
  });

  it.each(['', 'neither a frame nor a segment'])(
    'are those too whose objects cannot be unpacked: %j',
    async (content) => {
      const fileName = LINE_OF_3[3] ?? '';
      await rm(join(folder, 'wal_005', fileName));
      await writeFile(join(folder, 'wal_005', `${fileName}.zst`), content);
      const answer = await read();
      expect(names(answer)).toStrictEqual(LINE_OF_3.slice(0, 3));
      expect(answer.scan.end).toMatchObject({ kind: 'damage', stop: { kind: 'damaged', fileName } });
      const { end } = answer.scan;
      expect(end?.kind === 'damage' ? end.stop.reason : '').toContain(`wal_005/${fileName}.zst`);
      const plain = scanWal({ store, wal, line: timelines.lineOf(3), fromLsn: lsn(2n * 16n * MIB) });
      for await (const event of plain) expect(event.lsn).toBeLessThan(5n * 16n * MIB);
      expect(plain.end).toStrictEqual(answer.scan.end);
    },
  );

  it('are those too whose bytes have no order, as encrypted ones have none', async () => {
    const fileName = LINE_OF_3[3] ?? '';
    await replace(fileName, (bytes) => bytes.fill('8f3a1c', 0, 8192, 'hex'));
    const answer = await read();
    expect(names(answer)).toStrictEqual(LINE_OF_3.slice(0, 3));
    expect(answer.scan.end).toMatchObject({ kind: 'damage', stop: { fileName, offsetBytes: 0 } });
  });

  it('do not hide what the archive is, when the newest is one', async () => {
    await writeFile(join(folder, 'wal_005', '000000030000000000000009.zst'), 'no frame');
    await writeFile(join(folder, 'wal_005', '00000003000000000000000A'), Buffer.alloc(1000, '8f3a1c', 'hex'));
    expect(await listWal({ store })).toMatchObject({ systemIdentifier: wal.systemIdentifier });
  });
});

describe('a server’s pg_wal', () => {
  it('gives the segments that are not archived, and its last one ends early without being damaged', async () => {
    const [newest = ''] = LINE_OF_3.slice(-1);
    const [before = ''] = LINE_OF_3.slice(-2);
    const pgWal = await asPgWal([before, newest]);
    const path = join(pgWal, newest);
    const bytes = await readFile(path);
    const last = expected.at(-1)?.last?.lsn ?? 0n;
    // As a server leaves it that has not written the last record yet.
    bytes.fill(0, Number(last - (expected.at(-1)?.startLsn ?? 0n)));
    await writeFile(path, bytes);
    // And a file for later use, with what it held before.
    await writeFile(join(pgWal, '000000030000000000000009'), await readFile(join(pgWal, before)));
    await rm(join(folder, 'wal_005', newest));
    wal = await listWal({ store, pgWal });
    const answer = await read({ pgWal, writeIndex: true });
    expect(names(answer)).toStrictEqual(LINE_OF_3);
    expect(answer.scan.end).toStrictEqual({ kind: 'endOfArchive', missing: newest });
    expect(answer.scan.last?.lsn).toBeLessThan(last);
    expect(await store.get(segmentIndexKey(newest))).toBeUndefined();
  });

  it('is enough alone', async () => {
    const pgWal = await asPgWal(LINE_OF_3);
    const local = await listWal({ pgWal });
    expect((await read({ store: undefined, pgWal, wal: local })).indexes).toStrictEqual(expected);
  });
});
