import { cp, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { writeFreezeNote } from '../../src/backup/freeze-note.ts';
import { keepBackup } from '../../src/backup/keep.ts';
import { listBackups } from '../../src/backup/list.ts';
import { indexKey } from '../../src/backup/own-objects.ts';
import { removeBackups } from '../../src/backup/removal.ts';
import { markRunning, type OwnMarker } from '../../src/backup/running-marker.ts';
import { wrappedStore } from '../../src/archive/testing/wrapped-store.ts';
import { isFailure } from '../../src/base/failure.ts';
import { compressSync } from '../../src/codec/compression.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { segmentIndexKey } from '../../src/wal-index/index-object.ts';
import { goingWal } from '../../src/prune/going-wal.ts';
import { deleteOutdatedWal, findOutdatedWal } from '../../src/prune/outdated-wal.ts';
import { NOTHING_IN_USE } from '../../src/prune/prune-facts.ts';
import { decidePlan, planPrune, type PruneRequest } from '../../src/prune/prune-plan.ts';
import { runPrune } from '../../src/prune/prune.ts';

/** A full backup and two deltas on it, one after the other; the last one was taken again as a full one below. */
const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
const FULL = 'base_000000010000000000000002';
const REQUEST: PruneRequest = { policy: { keepFull: 1 } };

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-prune-'));
  await cp(FIXTURE, folder, { recursive: true, preserveTimestamps: true });
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const keys = async (prefix = '', from = store): Promise<string[]> =>
  (await Array.fromAsync(from.list(prefix))).map(({ key }) => key);
const kindOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no failure',
    (error: unknown) => (isFailure(error) ? error.kind : String(error)),
  );

/** Makes the newest delta a full backup by name and sentinel, so that the chain before it can go. */
async function addNewerFull(): Promise<string> {
  const [, , delta] = await listBackups(store);
  const name = delta?.name ?? '';
  const newer = name.replace(/_D_.*/, '');
  for (const key of await keys('basebackups_005/')) {
    if (!key.includes(`/${name}`)) continue;
    const text = (await store.get(key))?.toString('latin1') ?? '';
    const full = key.endsWith('_sentinel.json') ? text.replaceAll(/"Delta[A-Za-z]*":("[^"]*"|\d+),/g, '') : text;
    await store.put(key.replace(name, newer), Buffer.from(full, 'latin1'));
  }
  await removeBackups(store, [{ name }]);
  return newer;
}

describe('pruning an archive that wal-g wrote', () => {
  it('takes the chain, its WAL and what was kept about both', async () => {
    const newer = await addNewerFull();
    const [old, kept] = ['000000010000000000000003', '000000010000000000000006'].map(segmentIndexKey);
    for (const key of [indexKey(FULL, 'part_001.tar.zst'), old ?? '', kept ?? '']) {
      await store.put(key, Buffer.from('index'));
    }
    const plan = await planPrune(store, REQUEST);
    expect(plan.going.map(({ backup }) => backup.name)).toHaveLength(2);
    const before = (await keys()).length;
    const report = await runPrune(store, plan);
    expect(report).toMatchObject({ objects: plan.totals.objects, sizeBytes: plan.totals.sizeBytes, segmentCount: 5 });
    expect((await listBackups(store)).map(({ name }) => name)).toEqual([newer]);
    expect((await keys('wal_005/')).map((key) => key.slice(8, 32))).toEqual([
      '000000010000000000000006',
      '000000010000000000000006',
      '000000010000000000000007',
    ]);
    expect(await keys('walkback_001/')).toEqual([kept]);
    expect((await keys()).length).toBe(before - plan.totals.objects);
    expect((await planPrune(store, REQUEST)).totals.objects).toBe(0);
  });

  it('goes on after it was interrupted, and what is left of a backup is no running one', async () => {
    await addNewerFull();
    const plan = await planPrune(store, REQUEST);
    let calls = 0;
    const breaking = wrappedStore(store, {
      address: store.address,
      delete: async (some, options) => {
        calls += 1;
        if (calls === 4) throw new Error('the store is away');
        await store.delete(some, options);
      },
    });
    await expect(runPrune(breaking, plan)).rejects.toThrow('the store is away');
    const again = await planPrune(store, REQUEST);
    expect(again.leftovers).not.toEqual([]);
    expect(again.unfinished).toEqual([]);
    await runPrune(store, again);
    expect((await keys('basebackups_005/')).every((key) => key.includes('base_000000010000000000000006'))).toBe(true);
    expect(await keys('walkback_001/')).toEqual([]);
  });

  it('leaves WAL alone that came after it was decided', async () => {
    await addNewerFull();
    const decided = await decidePlan(store, REQUEST, {});
    const goes = async () =>
      (await Array.fromAsync(goingWal(store, decided.gathered, decided.decision))).map(({ key }) => key);
    const before = await goes();
    expect(before.length).toBeGreaterThan(5);
    const came = ['000000010000000000000001.zst', '000000010000000000000003.partial.zst'].map(
      (one) => `wal_005/${one}`,
    );
    for (const key of came) await store.put(key, Buffer.from('x'));
    // A store that counts in seconds gives a new segment the time of one that was seen.
    const { newestWalAt } = decided.gathered;
    await utimes(join(folder, came[0] ?? ''), newestWalAt, newestWalAt);
    expect(await goes()).toEqual(before);
  });

  it('is refused when the archive has changed, when it is frozen, and when nothing is said of what stays', async () => {
    const newer = await addNewerFull();
    const plan = await planPrune(store, REQUEST);
    await keepBackup(store, FULL, true);
    expect(await kindOf(runPrune(store, plan))).toBe('conflict');
    await keepBackup(store, FULL, false);
    await writeFreezeNote(store, { by: 'anna', at: '', reason: 'lost orders', restorePoint: undefined });
    expect((await planPrune(store, REQUEST)).frozen?.by).toBe('anna');
    expect(await kindOf(runPrune(store, plan))).toBe('refused');
    expect(await kindOf(planPrune(store, { policy: {} }))).toBe('usage');
    expect((await listBackups(store)).map(({ name }) => name)).toContain(newer);
    expect(await listBackups(store)).toHaveLength(3);
  });

  it('is refused where it cannot be told whether a delta is on a line with what it builds on', async () => {
    const [, , delta] = await listBackups(store);
    const name = delta?.name ?? '';
    const child = name.replace('base_00000001', 'base_00000002');
    for (const key of await keys('basebackups_005/')) {
      if (key.includes(`/${name}`))
        await store.put(key.replace(name, child), (await store.get(key)) ?? Buffer.alloc(0));
    }
    await expect(planPrune(store, REQUEST)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/base_00000002.* 00000002\.history/),
    });
    await store.put('wal_005/00000002.history.zst', compressSync('zstd', Buffer.from('1\t0/6000800\tfork\n')));
    expect((await planPrune(store, REQUEST)).kept.map(({ backup }) => backup.name)).toContain(child);
  });

  it('keeps all that may lead to a timeline whose history file is missing, unless that of a later one tells', async () => {
    await addNewerFull();
    const last = 'wal_005/000000010000000000000007.zst';
    await store.put(last.replace('00000001', '00000002'), (await store.get(last)) ?? Buffer.alloc(0));
    const request: PruneRequest = { policy: { keepWindowMs: 1000 }, nowMs: Date.now() + 1000 };
    const unknown = await planPrune(store, request);
    expect(unknown.totals.objects).toBe(0);
    expect(unknown.lines.map(({ mayLeadHere }) => mayLeadHere)).toContainEqual([1]);
    const later = 'wal_005/00000003.history.zst';
    await store.put(later, compressSync('zstd', Buffer.from('1\t0/6800000\tfork\n\n2\t0/7800000\tfork\n')));
    const told = await planPrune(store, request);
    expect(told.lines.flatMap(({ mayLeadHere }) => mayLeadHere)).toEqual([]);
    expect(told.lines.map(({ timeline, line }) => [timeline, line.ancestors.length])).toContainEqual([2, 1]);
  });

  it('leaves a backup of another program without a sentinel alone, and its WAL while it may be running', async () => {
    await addNewerFull();
    const part = 'basebackups_005/base_000000010000000000000003/tar_partitions/part_001.tar.zst';
    await store.put(part, Buffer.from('part'));
    const running = await planPrune(store, REQUEST);
    expect(running.unfinished).toMatchObject([{ mayBeRunning: true }]);
    expect(running.segments.map(({ lastName }) => lastName)).toEqual(['000000010000000000000002']);
    await utimes(join(folder, part), new Date(0), new Date(0));
    const old = await planPrune(store, REQUEST);
    expect(old.unfinished).toMatchObject([{ mayBeRunning: false }]);
    expect(old.segments.map(({ lastName }) => lastName)).toEqual(['000000010000000000000005']);
    await runPrune(store, old);
    expect(await keys('basebackups_005/base_000000010000000000000003/')).toEqual([part]);
  });

  it('stops before a backup that a delta has come to build on, begun or ended, since it was decided', async () => {
    await addNewerFull();
    const plan = await planPrune(store, REQUEST);
    const child = `base_000000010000000000000007_D_${FULL.slice(5)}`;
    /** The store, where something is done when deciding is over: our own leftovers are looked for then, once more. */
    const thenDoing = (work: () => Promise<unknown>): ObjectStore => {
      let looks = 0;
      return wrappedStore(store, {
        address: store.address,
        listFolder: async (place, options) => {
          if (place === 'walkback_001/running/' && (looks += 1) === 2) await work();
          return store.listFolder(place, options);
        },
      });
    };
    let marker: OwnMarker | undefined;
    const begun = thenDoing(async () => (marker = await markRunning(store, child, new Date(), FULL)));
    expect(await kindOf(runPrune(begun, plan))).toBe('conflict');
    await marker?.remove();
    const sentinel = JSON.stringify({
      ...JSON.parse((await store.get(`basebackups_005/${FULL}_backup_stop_sentinel.json`))?.toString() ?? ''),
      DeltaLSN: 33554472,
      DeltaFrom: FULL,
      DeltaFullName: FULL,
      DeltaCount: 1,
    });
    const ended = thenDoing(() =>
      store.put(`basebackups_005/${child}_backup_stop_sentinel.json`, Buffer.from(sentinel)),
    );
    expect(await kindOf(runPrune(ended, plan))).toBe('conflict');
    expect((await listBackups(store)).map(({ name }) => name)).toContain(FULL);
  });
});

describe('WAL that is outdated while all backups stay', () => {
  it('is that from before them, also where a prune would take some of them', async () => {
    await addNewerFull();
    const nowMs = Date.now();
    expect((await decidePlan(store, REQUEST, {}, nowMs)).plan.going).toHaveLength(2);
    const before = await keys();
    const wal = await findOutdatedWal(store, nowMs, NOTHING_IN_USE);
    expect(wal.keys).toEqual(['wal_005/000000010000000000000001.zst']);
    await deleteOutdatedWal(store, wal);
    expect(before.filter((key) => !wal.keys.includes(key))).toEqual(await keys());
  });

  it('is not deleted once the archive is frozen', async () => {
    const wal = await findOutdatedWal(store, Date.now(), NOTHING_IN_USE);
    await writeFreezeNote(store, { by: 'anna', reason: '', at: '', restorePoint: undefined });
    expect(await kindOf(deleteOutdatedWal(store, wal))).toBe('refused');
    expect(await keys('wal_005/')).toContain('wal_005/000000010000000000000001.zst');
  });
});
