import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { lsn, type Lsn } from '../../src/postgres/lsn.ts';
import type { TransactionEnded } from '../../src/postgres/wal-records/wal-event.ts';
import { NO_EFFECTS } from '../../src/postgres/wal-records/wal-event.ts';
import { formatSegmentName, walSegmentSize } from '../../src/postgres/wal-segment.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { encodeSegmentIndex } from '../../src/wal-index/encode.ts';
import { segmentIndexKey } from '../../src/wal-index/index-object.ts';
import type { SegmentIndex } from '../../src/wal-index/segment-index.ts';
import {
  findSegmentByXid,
  findSegmentsByTime,
  type SegmentSearchRequest,
} from '../../src/history/segment-indexes-search.ts';

const MIB = 1024 * 1024;
const SIZE = walSegmentSize(MIB);
const SYSTEM = 7n;
const MINUTE_US = 60_000_000n;

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-search-'));
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** What a segment holds: ends at these minutes, and the highest transaction number. */
interface Content {
  readonly minutes?: readonly number[];
  readonly xid?: number;
}

const startOf = (index: number): Lsn => lsn(BigInt(index) * BigInt(MIB));

function indexOf(index: number, { minutes = [], xid }: Content): SegmentIndex {
  const startLsn = startOf(index);
  const events = minutes.map((minute, place): TransactionEnded => {
    const at = lsn(startLsn + BigInt(100 * (place + 1)));
    const times = { timeUs: BigInt(minute) * MINUTE_US, lsn: at, endLsn: lsn(at + 40n) };
    return { kind: 'commit', xid: xid ?? 0, ...times, timeline: 1, subxids: [], gid: undefined, ...NO_EFFECTS };
  });
  return {
    fileName: formatSegmentName({ timeline: 1, index: BigInt(index) }, SIZE),
    timeline: 1,
    startLsn,
    sizeBytes: MIB,
    systemIdentifier: SYSTEM,
    major: 17,
    contentCrc: 0,
    head: { restBytes: 0, bytes: Buffer.alloc(0), isOverwritten: false },
    first: undefined,
    last: undefined,
    tail: undefined,
    stop: undefined,
    recordCount: 0,
    events,
    work: [],
    highestXid: xid,
  };
}

/** Segments 1, 2, … with this content, of which only the indexes are there. */
async function archiveOf(contents: readonly Content[]): Promise<SegmentSearchRequest> {
  for (const [place, content] of contents.entries()) {
    const index = indexOf(place + 1, content);
    await store.put(segmentIndexKey(index.fileName), encodeSegmentIndex(index));
  }
  const segments = new Map([[1, [{ firstIndex: 1n, lastIndex: BigInt(contents.length) }]]]);
  return {
    store,
    wal: {
      systemIdentifier: SYSTEM,
      majorVersion: 17,
      segmentSizeBytes: SIZE,
      segments,
      historyTimelines: [],
      objectBytes: new Map(),
    },
    line: { timeline: 1, ancestors: [] },
    fromLsn: startOf(1),
    toLsn: startOf(contents.length + 1),
  };
}

const us = (minute: number): bigint => BigInt(minute) * MINUTE_US;

describe('segments by time', () => {
  const hour = Array.from({ length: 60 }, (_, minute) => ({ minutes: [minute, minute + 0.5].map(Math.floor) }));

  it.each([0, 1, 17, 30, 58, 59])('are those with minute %d, and no others', async (minute) => {
    const request = await archiveOf(hour);
    const found = await findSegmentsByTime(request, { sinceUs: us(minute), untilUs: us(minute) });
    expect(found).toStrictEqual({ fromLsn: startOf(minute + 1), toLsn: startOf(minute + 2) });
  });

  it('go to the end, or from the beginning, where one side is open', async () => {
    const request = await archiveOf(hour);
    expect(await findSegmentsByTime(request, { sinceUs: us(50) })).toStrictEqual({
      fromLsn: startOf(51),
      toLsn: startOf(61),
    });
    expect(await findSegmentsByTime(request, { untilUs: us(5) })).toStrictEqual({
      fromLsn: startOf(1),
      toLsn: startOf(7),
    });
    expect(await findSegmentsByTime(request, {})).toStrictEqual({ fromLsn: startOf(1), toLsn: startOf(61) });
  });

  it('are none before the first, behind the last, and between two', async () => {
    const request = await archiveOf([{ minutes: [10] }, { minutes: [20] }]);
    expect(await findSegmentsByTime(request, { untilUs: us(9) })).toBeUndefined();
    expect(await findSegmentsByTime(request, { sinceUs: us(21) })).toBeUndefined();
    expect(await findSegmentsByTime(request, { sinceUs: us(12), untilUs: us(18) })).toBeUndefined();
  });

  it('are found among segments in which nothing ended', async () => {
    const request = await archiveOf([{}, {}, { minutes: [10] }, {}, {}, {}, { minutes: [20] }, {}]);
    expect(await findSegmentsByTime(request, { sinceUs: us(15), untilUs: us(25) })).toStrictEqual({
      fromLsn: startOf(7),
      toLsn: startOf(9),
    });
    expect(await findSegmentsByTime(await archiveOf([{}, {}, {}]), { sinceUs: us(0) })).toBeUndefined();
  });

  it('are found behind a clock that was set back by much more than a few segments', async () => {
    const minutes = [
      ...Array.from({ length: 60 }, (_, minute) => minute),
      ...Array.from({ length: 40 }, (_, n) => 20 + n),
    ];
    const request = await archiveOf(minutes.map((minute) => ({ minutes: [minute] })));
    expect(await findSegmentsByTime(request, { sinceUs: us(55) })).toMatchObject({ fromLsn: startOf(56) });
  });

  it('end behind those that a clock that was far ahead for a while hides', async () => {
    const ahead = (from: number, to: number) =>
      Array.from({ length: 120 }, (_, minute) => ({
        minutes: [minute >= from && minute < to ? minute + 1440 : minute],
      }));
    for (const [from, to] of [
      [10, 20],
      [2, 60],
      [30, 85],
      [50, 51],
    ] as const) {
      const request = await archiveOf(ahead(from, to));
      const found = await findSegmentsByTime(request, { untilUs: us(90) });
      expect(found, `${from} to ${to}`).toStrictEqual({ fromLsn: startOf(1), toLsn: startOf(92) });
    }
  });

  it('include neighbours whose times are out of order', async () => {
    const request = await archiveOf([
      { minutes: [1] },
      { minutes: [5, 2] },
      { minutes: [4] },
      { minutes: [3] },
      { minutes: [9] },
    ]);
    expect(await findSegmentsByTime(request, { sinceUs: us(3), untilUs: us(5) })).toStrictEqual({
      fromLsn: startOf(2),
      toLsn: startOf(5),
    });
  });
});

describe('segments by time, beside one that cannot be read', () => {
  const gone = async (contents: readonly Content[], ...indexes: readonly number[]): Promise<SegmentSearchRequest> => {
    const request = await archiveOf(contents);
    const names = indexes.map((index) => formatSegmentName({ timeline: 1, index: BigInt(index) }, SIZE));
    await store.delete(names.map(segmentIndexKey));
    return request;
  };
  const times = [{ minutes: [10] }, { minutes: [20] }, { minutes: [30] }, { minutes: [40] }, { minutes: [50] }];

  it('begin with it, as what is looked for may be in it', async () => {
    const request = await gone(times, 3);
    expect(await findSegmentsByTime(request, { sinceUs: us(25) })).toMatchObject({ fromLsn: startOf(3) });
    expect(await findSegmentsByTime(request, { sinceUs: us(45) })).toMatchObject({ fromLsn: startOf(5) });
    expect(await findSegmentsByTime(await gone([...times.slice(0, 3), {}, {}], 3), { sinceUs: us(25) })).toMatchObject({
      fromLsn: startOf(3),
    });
  });

  it('begin with it also where nothing ended behind it, or nothing is behind it', async () => {
    expect(await findSegmentsByTime(await gone(times, 4, 5), { sinceUs: us(35) })).toMatchObject({
      fromLsn: startOf(4),
    });
  });
});

describe('the first segment of a transaction', () => {
  it('may be one that cannot be read', async () => {
    const request = await archiveOf([{ xid: 100 }, { xid: 120 }, { xid: 140 }, { xid: 160 }]);
    await store.delete(
      [2, 4].map((index) => segmentIndexKey(formatSegmentName({ timeline: 1, index: BigInt(index) }, SIZE))),
    );
    expect(await Promise.all([90, 110, 150].map(async (xid) => findSegmentByXid(request, xid)))).toStrictEqual([
      startOf(1),
      startOf(2),
      startOf(4),
    ]);
  });

  it('is the first whose numbers have come that far', async () => {
    const request = await archiveOf([{ xid: 100 }, { xid: 120 }, {}, { xid: 150 }, { xid: 170 }]);
    const of = async (xid: number) => findSegmentByXid(request, xid);
    expect(await Promise.all([90, 100, 101, 121, 151, 171].map(of))).toStrictEqual([
      startOf(1),
      startOf(1),
      startOf(2),
      startOf(4),
      startOf(5),
      undefined,
    ]);
  });

  it('is found where numbers go round, and behind one that wrote alone for long', async () => {
    const round = await archiveOf([{ xid: 0xfffffff0 }, { xid: 5 }, { xid: 30 }]);
    expect(await findSegmentByXid(round, 0xfffffffa)).toBe(startOf(2));
    const alone = await archiveOf([
      { xid: 900 },
      { xid: 1000 },
      ...Array.from({ length: 20 }, () => ({ xid: 500 })),
      { xid: 1002 },
    ]);
    expect(await findSegmentByXid(alone, 990)).toBe(startOf(2));
    const long = Array.from({ length: 100 }, () => ({ xid: 500 }));
    const first = Array.from({ length: 80 }, () => ({ xid: 1000 }));
    expect(await findSegmentByXid(await archiveOf([...first, ...long, { xid: 1002 }]), 990)).toBe(startOf(1));
  });
});
