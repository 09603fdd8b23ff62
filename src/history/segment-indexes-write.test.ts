import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { endData, SyntheticWal } from '../../tests/support/synthetic-wal.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { segmentIndexKey } from '../wal-index/index-object.ts';
import { listArchivedWal } from './archived-wal.ts';
import { findMissingIndexes, writeIndexes, type WriteIndexesRequest } from './segment-indexes-write.ts';

const RM_XACT = 1;
const RM_LOGICALMSG = 21;
const SEGMENTS = [1, 2, 3].map((number) => `00000001000000000000000${number}`);

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-write-'));
  await mkdir(join(folder, 'wal_005'));
  store = await openStore({ kind: 'file', path: folder });
  const written = new SyntheticWal();
  // Three whole ones: a segment that is archived is full.
  while (written.segments().length < 4) {
    written.append({ resourceManager: RM_XACT, xid: 700, mainData: endData(1_700_000_000_000_000n) });
    written.append({ resourceManager: RM_LOGICALMSG, mainData: Buffer.alloc(200_000) });
  }
  for (const [place, { bytes }] of written.segments().slice(0, 3).entries()) {
    await writeFile(join(folder, 'wal_005', SEGMENTS[place] ?? ''), bytes);
  }
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function request(): Promise<WriteIndexesRequest> {
  return { store, wal: await listArchivedWal(store), workerCount: 0 };
}

const keys = SEGMENTS.map(segmentIndexKey);

async function storedKeys(): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of store.list('walkback_001/')) found.push(key);
  return found;
}

describe('the indexes that an archive lacks', () => {
  it('are made once', async () => {
    const given = await request();
    const { missing } = await findMissingIndexes(given);
    expect(await writeIndexes(given, missing)).toMatchObject({ writtenCount: 3, unreadable: [] });
    expect(await storedKeys()).toStrictEqual(keys);
    expect(await findMissingIndexes(given)).toStrictEqual({ missing: [], presentCount: 3, unsoundCount: 0 });
  });

  it('are those that an interrupted run left over', async () => {
    const stop = new AbortController();
    const given = await request();
    const { missing } = await findMissingIndexes(given);
    const stopped = { ...given, signal: stop.signal, onProgress: () => stop.abort(new Error('stopped')) };
    await expect(writeIndexes(stopped, missing)).rejects.toThrow('stopped');
    expect(await storedKeys()).toStrictEqual(keys.slice(0, 1));
    expect((await findMissingIndexes(given)).missing.map(({ fileName }) => fileName)).toStrictEqual(SEGMENTS.slice(1));
  });

  it('are made anew where their objects are damaged', async () => {
    const given = await request();
    await writeIndexes(given, (await findMissingIndexes(given)).missing);
    await store.put(keys[1] ?? '', Buffer.from('no index'));
    // Its summary is sound.
    const damaged = (await store.get(keys[2] ?? '')) ?? Buffer.alloc(0);
    await store.put(keys[2] ?? '', damaged.fill(0, damaged.length - 8));
    const found = await findMissingIndexes(given);
    const missing = [{ fileName: SEGMENTS[1] }, { fileName: SEGMENTS[2] }];
    expect(found).toMatchObject({ presentCount: 1, unsoundCount: 2, missing });
    expect(await writeIndexes(given, found.missing)).toMatchObject({ writtenCount: 2 });
    expect((await findMissingIndexes(given)).missing).toEqual([]);
  });

  it('are all of them when they are to be made anew', async () => {
    const given = { ...(await request()), rebuild: true };
    await writeIndexes(given, (await findMissingIndexes(given)).missing);
    expect(await findMissingIndexes(given)).toMatchObject({ missing: [{}, {}, {}], presentCount: 3 });
  });

  it('do not include one of a segment that cannot be read to its end, which is named with its place', async () => {
    const path = join(folder, 'wal_005', SEGMENTS[1] ?? '');
    const bytes = (await store.get(`wal_005/${SEGMENTS[1]}`)) ?? Buffer.alloc(0);
    bytes.fill(0xff, 500_000, 500_100);
    await writeFile(path, bytes);
    const given = await request();
    const { unreadable } = await writeIndexes(given, (await findMissingIndexes(given)).missing);
    expect(unreadable).toMatchObject([{ kind: 'damaged', fileName: SEGMENTS[1] }]);
    expect(unreadable[0]?.offsetBytes).toBeGreaterThan(300_000);
    expect(await storedKeys()).toStrictEqual([keys[0], keys[2]]);
  });

  it('do not include those of segments that are no segments', async () => {
    await writeFile(join(folder, 'wal_005', SEGMENTS[0] ?? ''), Buffer.alloc(1024 * 1024));
    const given = await request();
    const { unreadable } = await writeIndexes(given, (await findMissingIndexes(given)).missing);
    expect(unreadable).toMatchObject([{ kind: 'unwritten', fileName: SEGMENTS[0], offsetBytes: 0 }]);
  });
});
