import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { wrappedStore } from '../archive/testing/wrapped-store.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { segmentIndexKey, segmentOfIndexKey } from '../wal-index/index-object.ts';
import { walFileOf } from '../walg/object-names.ts';
import { prepareDelete, runDelete } from './delete.ts';
import { writeFreezeNote } from './freeze-note.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');

const OLD = '000000010000000000000000';

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-delete-'));
  await cp(FIXTURE, folder, { recursive: true });
  store = await openStore({ kind: 'file', path: folder });
  await store.put(`wal_005/${OLD}.zst`, Buffer.from('older than every backup'));
  for (const segment of await segmentsOf()) await store.put(segmentIndexKey(segment), Buffer.from('index'));
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function keysOf(prefix: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys;
}

const segments = (keys: readonly string[]) =>
  keys.flatMap((key) => {
    const file = walFileOf(key);
    return file?.kind === 'segment' ? [file.fileName] : [];
  });
const segmentsOf = async () => segments(await keysOf('wal_005/'));
const indexed = (keys: readonly string[]) => keys.flatMap((key) => segmentOfIndexKey(key) ?? []);

describe('deleting backups and the WAL that only they needed', () => {
  it('takes the indexes of that WAL, and no others', async () => {
    const before = await segmentsOf();
    const prepared = await prepareDelete(store, { kind: 'before', name: 'base_000000010000000000000002' });
    const gone = segments(prepared.keys);
    expect(gone).toStrictEqual([OLD]);
    expect(indexed(prepared.keys)).toStrictEqual([OLD]);
    await runDelete(store, prepared);
    const left = await segmentsOf();
    expect(left).toStrictEqual(before.filter((segment) => !gone.includes(segment)));
    expect(indexed(await keysOf('walkback_001/'))).toStrictEqual(left);
  });

  it('stops between two deletions of WAL when the archive is frozen meanwhile', async () => {
    const older = Array.from(
      { length: 600 },
      (_, at) => `${(at + 2).toString(16).toUpperCase().padStart(8, '0')}${OLD.slice(8)}`,
    );
    for (const name of older) await store.put(`wal_005/${name}.zst`, Buffer.from('of another timeline'));
    const prepared = await prepareDelete(store, { kind: 'before', name: 'base_000000010000000000000002' });
    expect(prepared.walKeys).toHaveLength(602);
    const note = { by: 'anna', at: '', reason: '', restorePoint: undefined };
    const frozenThen = wrappedStore(store, {
      delete: async (...asked) => {
        await store.delete(...asked);
        await writeFreezeNote(store, note);
      },
    });
    await expect(runDelete(frozenThen, prepared)).rejects.toMatchObject({ kind: 'refused' });
    const left = new Set(await keysOf(''));
    expect(prepared.walKeys.filter((key) => left.has(key))).toHaveLength(102);
  });

  it('leaves all WAL and all indexes where one backup alone is deleted', async () => {
    const prepared = await prepareDelete(store, { kind: 'one', name: 'base_000000010000000000000002' });
    expect([...segments(prepared.keys), ...indexed(prepared.keys)]).toStrictEqual([]);
  });
});
