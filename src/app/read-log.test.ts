import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { noProgress } from '../base/progress.ts';
import { IgnoredIndexes } from '../history/ignored-indexes.ts';
import { timelinesOf } from '../history/timelines.ts';
import { at, ended, segment, SEGMENT_BYTES } from '../history/transactions/testing/hand-made-index.ts';
import { formatSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { encodeSegmentIndex } from '../wal-index/encode.ts';
import { segmentIndexKey } from '../wal-index/index-object.ts';
import type { History } from './open-history.ts';
import { EVERYTHING } from './log-filter.ts';
import { startToFollow } from './log-start.ts';
import { openLog, type LogRequest } from './read-log.ts';

const SIZE = walSegmentSize(SEGMENT_BYTES);
const MINUTE_US = 60_000_000n;
const LINE = { timeline: 1, ancestors: [] };
const { signal } = new AbortController();

let folder = '';
let store: ObjectStore;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-read-log-'));
  store = await openStore({ kind: 'file', path: folder });
});

afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** An archive of segments 1, 2, … with a commit at each of these minutes; without one, the segment is missing. */
async function historyOf(minutes: readonly (readonly number[] | 'missing')[]): Promise<History> {
  const there: bigint[] = [];
  for (const [place, ends] of minutes.entries()) {
    if (ends === 'missing') continue;
    const n = place + 1;
    there.push(BigInt(n));
    const fileName = formatSegmentName({ timeline: 1, index: BigInt(n) }, SIZE);
    const events = ends.map((minute, count) =>
      ended('commit', 100 * n + count, at(n, 100 * (count + 1)), { timeUs: BigInt(minute) * MINUTE_US }),
    );
    const index = segment(n, events, [], { fileName, systemIdentifier: 1n });
    await store.put(segmentIndexKey(fileName), encodeSegmentIndex(index));
  }
  const ranges = there.map((index) => ({ firstIndex: index, lastIndex: index }));
  return {
    archive: undefined,
    places: { store },
    clusterName: 'shop',
    address: 'here',
    wal: {
      systemIdentifier: 1n,
      majorVersion: 17,
      segmentSizeBytes: SIZE,
      segments: new Map([[1, ranges]]),
      historyTimelines: [],
      objectBytes: new Map(),
    },
    timelines: timelinesOf(new Map([[1, LINE]]), [1]),
    line: LINE,
    namedTimeline: undefined,
    ignoredIndexes: new IgnoredIndexes(),
    [Symbol.asyncDispose]: async () => {},
  };
}

async function read(minutes: Parameters<typeof historyOf>[0], untilMinute: number) {
  const request: LogRequest = {
    sinceUs: MINUTE_US,
    untilUs: BigInt(untilMinute) * MINUTE_US,
    filter: EVERYTHING,
    readExtraNames: async () => undefined,
    isFollowed: false,
    onProgress: noProgress,
    onWarning: () => {},
    signal,
  };
  const log = await openLog(await historyOf(minutes), request);
  const times: number[] = [];
  for await (const { timeUs } of log) times.push(Number(timeUs / MINUTE_US));
  return { times, end: log.end, remarks: log.remarks };
}

describe('a log that is followed', () => {
  const DAYS = Array.from({ length: 40 }, (_, n) => [n + 1]);

  it('begins with the newest segment in which something ended, and says where', async () => {
    const { fromLsn, listedFromLsn, notes } = await startToFollow(await historyOf([...DAYS, [], []]), signal);
    expect(listedFromLsn).toBe(at(40, 0));
    expect([fromLsn > at(34, 0), fromLsn <= at(40, 0)]).toEqual([true, true]);
    expect(notes).toEqual(['Begins at 0/2800000, in the newest WAL there is: --since begins earlier.']);
  });

  it('begins near the end where nothing has ended there', async () => {
    const nothing = Array.from({ length: 30 }, (): number[] => []);
    const { listedFromLsn } = await startToFollow(await historyOf([[1], ...nothing]), signal);
    expect(listedFromLsn !== undefined && listedFromLsn > at(20, 0)).toBe(true);
  });

  it('begins with what there is where that is little', async () => {
    expect(await startToFollow(await historyOf([[1]]), signal)).toMatchObject({ listedFromLsn: at(1, 0) });
    expect(await startToFollow(await historyOf(['missing', 'missing', [1]]), signal)).toMatchObject({
      fromLsn: at(3, 0),
      listedFromLsn: at(3, 0),
    });
  });
});

const DAY = 1440;

describe('a log up to a time', () => {
  it('ends behind the first commit that is later', async () => {
    const { times, end, remarks } = await read([[1, 2], [3, 4], [5, 6], [7]], 4);
    expect([times, end?.kind, remarks]).toEqual([[1, 2, 3, 4], 'reached', []]);
  });

  it('goes on where the clock was ahead for a while, and says so', async () => {
    const minutes = [[1, 2], [DAY + 3], [DAY + 4, 5], [6], [7], [8, 20]];
    const { times, end, remarks } = await read(minutes, 7);
    expect([times, end?.kind]).toEqual([[1, 2, 5, 6, 7], 'reached']);
    expect(remarks).toMatchObject([{ kind: 'clockSetBack', behind: { xid: 300 }, toUs: 5n * MINUTE_US }]);
  });

  it('goes on also within the last segment of the span', async () => {
    const { times, end } = await read([[1], [2, DAY, 3, 9], [10]], 4);
    expect([times, end?.kind]).toEqual([[1, 2, 3], 'reached']);
  });

  it('is whole where the archive has a hole behind it, and is cut where the span goes on behind the hole', async () => {
    const whole = await read([[1], [2, 3, 9], 'missing', [20]], 4);
    expect([whole.times, whole.end?.kind]).toEqual([[1, 2, 3], 'reached']);
    const cut = await read([[1], [2, DAY], 'missing', [3], [20]], 4);
    expect([cut.times, cut.end?.kind]).toEqual([[1, 2], 'hole']);
  });
});
