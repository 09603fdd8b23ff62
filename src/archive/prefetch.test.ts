import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { parseTimelineHistory } from '../postgres/timeline-history.ts';
import { formatSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import { Prefetcher, segmentAfter } from './prefetch.ts';

const MIB = 1024 * 1024;
const SIZE = walSegmentSize(MIB);
const name = (timeline: number, index: number) => formatSegmentName({ timeline, index: BigInt(index) }, SIZE);

describe('the segment that a server asks for next', () => {
  const line = parseTimelineHistory(3, '1\t0/500100\tx\n2\t0/800000\tx\n');
  const next = (timeline: number, index: number) => {
    const after = segmentAfter({ timeline, index: BigInt(index) }, line, SIZE);
    return formatSegmentName(after, SIZE);
  };

  it('is of the same timeline while no other has begun in it', () => {
    expect(next(1, 3)).toBe(name(1, 4));
    expect(next(2, 6)).toBe(name(2, 7));
  });

  it('is of the newest timeline that has begun in it', () => {
    expect(next(1, 4)).toBe(name(2, 5));
    expect(next(2, 7)).toBe(name(3, 8));
  });

  it('is never of an older timeline than the server has', () => {
    expect(next(3, 1)).toBe(name(3, 2));
  });

  it('is of the same timeline when no history was read', () => {
    expect(formatSegmentName(segmentAfter({ timeline: 4, index: 9n }, undefined, SIZE), SIZE)).toBe(name(4, 10));
  });
});

describe('a prefetch window', () => {
  let folder: string;
  let fetched: string[];
  /** The archive's last segment. */
  let last: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walkback-prefetch-'));
    fetched = [];
    last = 100;
  });
  afterEach(async () => rm(folder, { recursive: true }));

  function open(prefetchBytes: number): Prefetcher {
    const fetchInto = async (fileName: string) => {
      if (fileName > name(1, last)) return 'absent' as const;
      fetched.push(fileName);
      await writeFile(join(folder, fileName), '');
      return 'found' as const;
    };
    return new Prefetcher({ folder, walSegmentSizeBytes: SIZE, prefetchBytes, concurrency: 2, fetchInto });
  }

  async function fill(prefetcher: Prefetcher): Promise<string[]> {
    for (let round = 0; round < 20; round += 1) {
      await prefetcher.look();
      await prefetcher.settle();
    }
    return (await readdir(folder)).toSorted();
  }

  it('fetches nothing before the server has asked', async () => {
    expect(await fill(open(4 * MIB))).toEqual([]);
  });

  it('holds as many segments as fit, and rolls on as they are taken', async () => {
    const prefetcher = open(3 * MIB);
    await prefetcher.moveTo(name(1, 5));
    expect(await fill(prefetcher)).toEqual([6, 7, 8].map((index) => name(1, index)));
    await rm(join(folder, name(1, 6)));
    expect(await fill(prefetcher)).toEqual([7, 8, 9].map((index) => name(1, index)));
    expect(new Set(fetched).size).toBe(fetched.length);
  });

  it('is off when nothing fits', async () => {
    const prefetcher = open(0);
    await prefetcher.moveTo(name(1, 5));
    expect(await fill(prefetcher)).toEqual([]);
  });

  it('begins anew where the server jumps to, and drops what is behind', async () => {
    const prefetcher = open(3 * MIB);
    await prefetcher.moveTo(name(1, 5));
    await fill(prefetcher);
    await prefetcher.moveTo(name(1, 50));
    expect(await fill(prefetcher)).toEqual([51, 52, 53].map((index) => name(1, index)));
    await prefetcher.moveTo(name(1, 20));
    expect(await fill(prefetcher)).toEqual([21, 22, 23].map((index) => name(1, index)));
  });

  it('looks again for what was not there when the server asks again', async () => {
    last = 6;
    const prefetcher = open(3 * MIB);
    await prefetcher.moveTo(name(1, 5));
    expect(await fill(prefetcher)).toEqual([name(1, 6)]);
    last = 8;
    await prefetcher.moveTo(name(1, 7));
    expect(await fill(prefetcher)).toContain(name(1, 8));
  });

  it('is empty after it was cleared', async () => {
    const prefetcher = open(3 * MIB);
    await prefetcher.moveTo(name(1, 5));
    await fill(prefetcher);
    await prefetcher.clear();
    expect(await fill(prefetcher)).toEqual([]);
  });
});
