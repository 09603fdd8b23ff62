import { cp, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { planFacts } from '../support/plan-facts.ts';
import { noProgress, type Progress } from '../../src/base/progress.ts';
import { listBackups } from '../../src/backup/list.ts';
import { firstReplaced } from '../../src/history/replaced-segments.ts';
import { readTimelines } from '../../src/history/timelines.ts';
import { readWindows } from '../../src/history/window.ts';
import { listArchivedWal } from '../../src/history/archived-wal.ts';
import { scanWal } from '../../src/history/scan.ts';
import { writeIndexes, findMissingIndexes } from '../../src/history/segment-indexes-write.ts';
import { formatLsn, lsn } from '../../src/postgres/lsn.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { decodeSegmentIndex } from '../../src/wal-index/decode.ts';
import { encodeSegmentIndex } from '../../src/wal-index/encode.ts';
import { segmentIndexKey } from '../../src/wal-index/index-object.ts';
import { makePlan } from '../../src/recovery/plan.ts';
import type { Plan } from '../../src/recovery/plan-value.ts';
import { proveWal } from '../../src/recovery/prove-wal.ts';

/** Written by WAL-G on PostgreSQL 15: segments 2 to 6 of timeline 1. */
const ARCHIVE = join(import.meta.dirname, '../../fixtures/walg/pg15-lz4-v305-forks/archive');
const FROM = lsn(0x200_0028n);
const MIDDLE = '000000010000000000000004';

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-prove-'));
  await cp(ARCHIVE, folder, { recursive: true });
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A plan for just before the last commit in the archive. */
async function planToLastCommit(): Promise<Plan> {
  const wal = await listArchivedWal(store);
  const request = { store, wal };
  await writeIndexes({ ...request, workerCount: 0 }, (await findMissingIndexes(request)).missing);
  let last = FROM;
  for await (const event of scanWal({ ...request, line: { timeline: 1, ancestors: [] }, fromLsn: FROM })) {
    if (event.kind === 'commit') last = event.lsn;
  }
  const plan = makePlan(planFacts);
  return {
    ...plan,
    target: { ...plan.target, timeline: 1, lsn: formatLsn(last), inclusive: false },
    replay: { ...plan.replay, fromLsn: formatLsn(FROM), line: [{ timeline: 1, endLsn: formatLsn(last) }] },
  };
}

describe('the WAL of a plan that is run', () => {
  it('is decoded from the backup on to the target, whatever indexes say', async () => {
    const plan = await planToLastCommit();
    const seen: Progress[] = [];
    await proveWal({ store, onProgress: (progress) => void seen.push(progress) }, plan);
    expect(seen.map(({ done }) => done)).toEqual([1, 2, 3, 4, 5]);
  });

  it('stops the run where a segment between the ends was damaged after it was indexed, without another size', async () => {
    const plan = await planToLastCommit();
    await using file = await open(join(folder, 'wal_005', `${MIDDLE}.lz4`), 'r+');
    await file.write(Buffer.alloc(64, 0xa5), 0, 64, 3000);
    await expect(proveWal({ store, onProgress: noProgress }, plan)).rejects.toMatchObject({
      kind: 'corrupt',
      message: expect.stringContaining(MIDDLE),
    });
  });

  it('stops the run where an index tells of other WAL than the segment holds', async () => {
    const plan = await planToLastCommit();
    const key = segmentIndexKey(MIDDLE);
    const index = decodeSegmentIndex((await store.get(key)) ?? Buffer.alloc(0), key);
    await store.put(key, encodeSegmentIndex({ ...index, contentCrc: index.contentCrc + 1 }));
    await expect(proveWal({ store, onProgress: noProgress }, plan)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('tells of other WAL'),
    });
  });
});

describe('a segment that was cut after it was indexed', () => {
  it('ends a window, and keeps a transaction behind it from being called reachable', async () => {
    await planToLastCommit();
    const whole = await readFile(join(folder, 'wal_005', `${MIDDLE}.lz4`));
    const before = await windowsOfFirst();
    await writeFile(join(folder, 'wal_005', `${MIDDLE}.lz4`), whole.subarray(0, whole.length / 2));
    const after = await windowsOfFirst();
    expect(before.map(({ because }) => because)).not.toContain('damage');
    expect(after[0]).toMatchObject({ because: 'damage' });
    expect(after[0]?.toLsn).toBeLessThanOrEqual(0x400_0000n);
    const wal = await listArchivedWal(store);
    const way = { store, wal, line: { timeline: 1, ancestors: [] }, fromLsn: FROM, toLsn: lsn(0x600_0100n) };
    expect(await firstReplaced(way)).toMatchObject({ fileName: MIDDLE });
    expect(await firstReplaced({ ...way, toLsn: lsn(0x300_0100n) })).toBeUndefined();
  });
});

async function windowsOfFirst() {
  const wal = await listArchivedWal(store);
  const timelines = await readTimelines(store, wal);
  const windows = await readWindows({ store, wal, timelines, backups: await listBackups(store) });
  return windows.find(({ timeline }) => timeline === 1)?.windows ?? [];
}
