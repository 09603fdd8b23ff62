import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { wrappedStore } from '../archive/testing/wrapped-store.ts';
import { Failure, type FailureKind } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { backupFolder, sentinelKey } from '../walg/backup-names.ts';
import { runningKey } from './own-objects.ts';
import { cleanLeftovers, listMarked, markRunning } from './running-marker.ts';
import { cleanFirst, removeMarker, takeBack } from './tidy-up.ts';

const NAME = 'base_000000010000000000000002';
const PART = `${backupFolder(NAME)}tar_partitions/part_001.tar.zst`;
const HOUR_MS = 3_600_000;
const hoursAhead = (hours: number): Date => new Date(Date.now() + hours * HOUR_MS);

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-marker-'));
  store = await openStore({ kind: 'file', path: folder });
  await store.put(PART, Buffer.from('part'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A marker as another host writes it, `ageMs` ago by the store's clock. */
async function markElsewhere(ageMs: number): Promise<void> {
  const marker = { name: NAME, hostname: 'other', processSpace: 'another boot', processId: 1, startedAt: '' };
  await store.put(runningKey(NAME), Buffer.from(JSON.stringify(marker)));
  const at = new Date(Date.now() - ageMs);
  await utimes(join(folder, runningKey(NAME)), at, at);
}

const isThere = async (): Promise<boolean> => (await store.stat(PART)) !== undefined;
const keys = async (): Promise<string[]> => (await Array.fromAsync(store.list(''))).map(({ key }) => key);

describe('the marker of a running backup on this host', () => {
  it('is a living one while its process runs, and not when its number is another process’s', async () => {
    const own = await markRunning(store, NAME, new Date());
    expect(await listMarked(store, new Date())).toMatchObject([{ name: NAME, isAlive: true }]);
    const key = runningKey(NAME);
    const marker: object = JSON.parse(String(await store.get(key)));
    await store.put(key, Buffer.from(JSON.stringify({ ...marker, processStart: '1' })));
    expect(await listMarked(store, new Date())).toMatchObject([{ name: NAME, isAlive: false }]);
    expect(await cleanLeftovers(store, new Date())).toEqual([NAME]);
    await own.remove();
  });

  it('is a living one where its start could not be told', async () => {
    const own = await markRunning(store, NAME, new Date());
    const marker: object = JSON.parse(String(await store.get(runningKey(NAME))));
    await store.put(runningKey(NAME), Buffer.from(JSON.stringify({ ...marker, processStart: '?' })));
    expect(await cleanLeftovers(store, new Date())).toEqual([]);
    expect(await isThere()).toBe(true);
    await own.remove();
  });
});

describe('the marker of a running backup on another host', () => {
  it.each([0, 0.9])(
    'that was renewed %d hours ago is a living one, however far ahead the own clock is',
    async (hours) => {
      await markElsewhere(hours * HOUR_MS);
      for (const ahead of [0, 2, 48]) {
        expect(await listMarked(store, hoursAhead(ahead))).toMatchObject([{ name: NAME, isAlive: true }]);
        expect(await cleanLeftovers(store, hoursAhead(ahead))).toEqual([]);
      }
      expect(await isThere()).toBe(true);
      expect(await keys()).toEqual([PART, runningKey(NAME)]);
    },
  );

  it('that was not renewed for more than an hour is cleaned up after', async () => {
    await markElsewhere(1.1 * HOUR_MS);
    expect(await cleanLeftovers(store, new Date())).toEqual([NAME]);
    expect(await keys()).toEqual([]);
  });

  it('is believed to live by a clock that is behind, and where the store cannot be asked for its own', async () => {
    await markElsewhere(3 * HOUR_MS);
    expect(await cleanLeftovers(store, hoursAhead(-3))).toEqual([]);
    const readOnly = wrappedStore(store, {
      put: async () => {
        throw new Failure('denied', { message: 'cannot write: this key may only read', remedy: 'Use another key.' });
      },
    });
    expect(await cleanLeftovers(readOnly, new Date())).toEqual([]);
    expect(await isThere()).toBe(true);
  });
});

describe('the marker of a backup that has its sentinel', () => {
  it('counts no more, whatever it says, and goes with the next tidying', async () => {
    await markElsewhere(0);
    await store.put(sentinelKey(NAME), Buffer.from('{}'));
    expect(await listMarked(store, new Date())).toEqual([]);
    expect(await cleanLeftovers(store, new Date())).toEqual([]);
    expect(await keys()).toEqual([PART, sentinelKey(NAME)].toSorted());
  });
});

describe('markers where nothing may be deleted', () => {
  const kinds = [['denied'], ['refused']] as const;
  const keepingAll = (kind: FailureKind): ObjectStore =>
    wrappedStore(store, {
      delete: async () => {
        throw new Failure(kind, { message: 'cannot delete', remedy: 'Allow s3:DeleteObject.' });
      },
    });

  it.each(kinds)('do not stop a backup when deleting is %s, and what killed ones left is told of', async (kind) => {
    await markElsewhere(1.1 * HOUR_MS);
    const left = await cleanFirst(keepingAll(kind), new Date());
    expect(left).toMatchObject({ cleanedUp: [], problem: { kind } });
    expect(await keys()).toContain(PART);
  });

  it.each(kinds)('of whole backups stay when deleting is %s, and are nobody’s who is at work', async (kind) => {
    const kept = keepingAll(kind);
    for (const name of [NAME, 'base_000000010000000000000004', 'base_000000010000000000000006']) {
      const { problem } = await cleanFirst(kept, new Date());
      expect(problem?.kind).toBe(name === NAME ? undefined : kind);
      const marker = await markRunning(kept, name, new Date());
      await kept.put(sentinelKey(name), Buffer.from('{}'));
      expect(await removeMarker(marker)).toMatchObject({ kind });
      expect(await listMarked(kept, hoursAhead(2))).toEqual([]);
    }
  });

  it('stay with what is left of a backup that failed, for whoever may delete it', async () => {
    const marker = await markRunning(store, NAME, new Date());
    await takeBack(keepingAll('denied'), NAME, marker);
    expect(await keys()).toEqual([PART, runningKey(NAME)]);
    await takeBack(store, NAME, marker);
    expect(await keys()).toEqual([]);
  });
});

describe('a backup that failed while its sentinel was on its way', () => {
  const deleting = (before: () => Promise<unknown>): ObjectStore =>
    wrappedStore(store, {
      delete: async (...asked) => {
        await before();
        return store.delete(...asked);
      },
    });

  it('is none, although the sentinel has come behind the look for it', async () => {
    const marker = await markRunning(store, NAME, new Date());
    await takeBack(
      deleting(() => store.put(sentinelKey(NAME), Buffer.from('{}'))),
      NAME,
      marker,
    );
    expect(await keys()).toEqual([]);
  });

  it('is whole if the sentinel was there', async () => {
    const marker = await markRunning(store, NAME, new Date());
    await store.put(sentinelKey(NAME), Buffer.from('{}'));
    await takeBack(store, NAME, marker);
    expect(await keys()).toEqual([PART, sentinelKey(NAME)].toSorted());
  });
});

describe('the marker of a backup of this process', () => {
  it('is confirmed while it is there, and tells when others have taken it away', async () => {
    const marker = await markRunning(store, NAME, new Date());
    await marker.confirm();
    await store.delete([runningKey(NAME)]);
    await expect(marker.confirm()).rejects.toMatchObject({ kind: 'conflict' });
    await marker.remove();
  });
});
