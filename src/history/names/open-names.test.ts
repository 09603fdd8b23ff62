import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { catalogSnapshotKey, writeCatalogSnapshot } from '../../archive/catalog-snapshots.ts';
import { lsn } from '../../postgres/lsn.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { openStore } from '../../storage/open.ts';
import { choosePlaces, openNames } from './open-names.ts';
import { classRow, snapshotAt } from './testing/catalog.ts';

const LINE = { timeline: 2, ancestors: [{ timeline: 1, switchLsn: lsn(500n), reason: '' }] };
const T = classRow(16_400, 't');

describe('the names of a line of history', () => {
  let folder = '';
  let store: ObjectStore;
  let warnings: string[];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walkback-names-'));
    store = await openStore({ kind: 'file', path: folder });
    warnings = [];
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  const open = (more: object = {}) =>
    openNames({
      store,
      line: LINE,
      fromLsn: lsn(200n),
      systemIdentifier: 7n,
      onWarning: (text) => warnings.push(text),
      ...more,
    });

  it('come from the snapshots that lie on it', async () => {
    await writeCatalogSnapshot(store, snapshotAt(100n, [T]));
    await writeCatalogSnapshot(store, snapshotAt(600n, [{ ...T, name: 'abandoned' }]));
    await writeCatalogSnapshot(store, { ...snapshotAt(700n, [{ ...T, name: 'later' }]), timeline: 2 });
    const book = await open();
    expect([200n, 650n, 800n].map((at) => book.ofOid(5, T.oid, lsn(at))?.name)).toEqual(['t', 't', 'later']);
    expect(warnings).toEqual([]);
  });

  it('come from none that is damaged, cut, of another position or cluster, and say so', async () => {
    await writeCatalogSnapshot(store, snapshotAt(100n, [T]));
    const whole = (await store.get(catalogSnapshotKey(1, lsn(100n)))) ?? Buffer.alloc(0);
    const flipped = Buffer.from(whole);
    flipped.writeUInt8((flipped[30] ?? 0) ^ 0x10, 30);
    const later = Buffer.from(whole);
    later.writeUInt8(2, 7);
    const huge = Buffer.from(whole);
    huge.writeUInt32LE(0xffff_ffff, 8);
    const bad = [flipped, later, huge, whole.subarray(0, 20), whole.subarray(0, 9), Buffer.alloc(0), whole];
    for (const [index, bytes] of bad.entries()) await store.put(catalogSnapshotKey(1, lsn(BigInt(300 + index))), bytes);
    await writeCatalogSnapshot(store, { ...snapshotAt(400n, [T]), systemIdentifier: 8n });
    const book = await open();
    expect(book.snapshots.map(({ lsn: at }) => at)).toEqual([100n]);
    expect(warnings).toHaveLength(bad.length + 1);
    expect(warnings.join('\n')).toContain(catalogSnapshotKey(1, lsn(300n)));
  });

  it('are refused from a server of another cluster, and hinted at from one on another line', async () => {
    const extra = { ...snapshotAt(900n, [T]), timeline: 9 };
    await expect(open({ extra: { ...extra, systemIdentifier: 8n } })).rejects.toThrow(/it is of system 8/);
    const book = await open({ extra });
    expect(book.snapshots).toEqual([]);
    expect(book.ofOid(5, T.oid, lsn(300n))?.name).toBe('t');
  });

  it('need no snapshot', async () => {
    expect((await open()).snapshots).toEqual([]);
    expect((await open({ store: undefined })).snapshots).toEqual([]);
  });

  it('need few of many snapshots: the last before, some within and the last of those, the first behind', () => {
    const places = Array.from({ length: 400 }, (_, index) => {
      return { key: '', timeline: 2, lsn: lsn(BigInt(1000 + index)), sizeBytes: 1000 };
    });
    const span = { line: LINE, fromLsn: lsn(1100n), toLsn: lsn(1300n) };
    const chosen = choosePlaces(places, span).map(({ lsn: at }) => Number(at));
    expect(chosen.length).toBeLessThanOrEqual(18);
    expect([chosen[0], chosen.at(-2), chosen.at(-1)]).toEqual([1099, 1300, 1301]);
    const large = places.map((place) => ({ ...place, sizeBytes: 3_000_000 }));
    expect(choosePlaces(large, span).map(({ lsn: at }) => Number(at))).toEqual([1099, 1300, 1301]);
  });
});
