import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { archivedTimelines, reserveTimeline } from './timeline-numbers.ts';

let folder = '';
let walDirectory = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-timelines-'));
  walDirectory = join(folder, 'pg_wal');
  await mkdir(walDirectory);
  await mkdir(join(folder, 'archive', 'wal_005'), { recursive: true });
  store = await openStore({ kind: 'file', path: join(folder, 'archive') });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const line = { timeline: 1, ancestors: [] };
const reserve = (holder: string, directory = walDirectory): Promise<number> =>
  reserveTimeline({ store, line, holder, walDirectory: directory });
const archived = (name: string): Promise<void> => writeFile(join(folder, 'archive', 'wal_005', name), 'x');

describe('the number of the next timeline', () => {
  it('is the first above the line that no history file in the archive has', async () => {
    await archived('00000002.history');
    await archived('00000003.history.lz4');
    expect(await reserve('aaaa')).toBe(4);
  });

  it('is above the newest, also when a history file below it is missing', async () => {
    await archived('00000004.history');
    expect(await reserve('aaaa')).toBe(5);
    expect((await readdir(walDirectory)).toSorted()).toEqual(['00000002.history', '00000003.history']);
  });

  it('is the same when the same recovery asks again', async () => {
    expect([await reserve('aaaa'), await reserve('aaaa')]).toEqual([2, 2]);
  });

  it('is another for every other recovery, which is also kept from taking it by a file in pg_wal', async () => {
    expect(await reserve('aaaa')).toBe(2);
    expect(await reserve('bbbb')).toBe(3);
    expect(await readdir(walDirectory)).toEqual(['00000002.history']);
  });

  it('is another for each of many that ask at once', async () => {
    const reserveIn = async (holder: string): Promise<number> => {
      const directory = join(folder, holder);
      await mkdir(directory);
      return reserve(holder, directory);
    };
    const numbers = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(reserveIn));
    expect(new Set(numbers).size).toBe(5);
  });
});

describe('the timelines of an archive', () => {
  it('are those with a history file, under any compression, segments and others passed over', async () => {
    for (const name of [
      '000000010000000000000001',
      '00000002.history',
      '000000020000000000000002.zst',
      '0000000A.history.zst',
    ]) {
      await archived(name);
    }
    expect(await archivedTimelines(store)).toEqual([2, 10]);
  });
});
