import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { Failure, type FailureKind } from '../base/failure.ts';
import { openFailoverStore } from '../storage/failover-store.ts';
import { openFileStore } from '../storage/file/file-store.ts';
import { mayBeAway } from '../storage/may-be-away.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { pushWalFile } from './push.ts';
import { segmentBytes } from './testing/segment-bytes.ts';
import { wrappedStore } from './testing/wrapped-store.ts';

const SIZE = 1024 * 1024;
let root = '';
let primary: ObjectStore;
let told: string[] = [];

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-push-failover-'));
  for (const name of ['primary', 'other', 'pg_wal']) await mkdir(join(root, name));
  primary = openFileStore(join(root, 'primary'));
  told = [];
});
afterEach(async () => rm(root, { recursive: true, force: true }));

/** A storage that answers every question with a failure. */
function failing(kind: FailureKind): ObjectStore {
  const fail = async (): Promise<never> => {
    throw new Failure(kind, { message: `it is ${kind}`, remedy: '' });
  };
  const list = async function* (): AsyncGenerator<never> {
    yield await fail();
  };
  const others = { stat: fail, get: fail, open: fail, put: fail, delete: fail };
  return wrappedStore(openFileStore(join(root, 'other')), { address: 's3://other', list, listFolder: fail, ...others });
}

const forWriting = (other: ObjectStore): ObjectStore =>
  openFailoverStore(primary, [mayBeAway(other, (address, { kind }) => told.push(`${address} is ${kind}`))]);

async function push(store: ObjectStore, index: number, fill = index) {
  const name = `00000001000000000000000${index}`;
  const path = join(root, 'pg_wal', name);
  await writeFile(path, segmentBytes({ name, sizeBytes: SIZE, systemIdentifier: 7n, fill }));
  return pushWalFile({ store, path, systemIdentifier: 7n, walSegmentSizeBytes: SIZE });
}

describe('a push beside a failover storage', () => {
  it.each([['unavailable'], ['denied']] as const)('goes on while that is %s, which is told once', async (kind) => {
    const store = forWriting(failing(kind));
    for (const index of [1, 2]) expect(await push(store, index)).toMatchObject({ outcome: 'written' });
    expect(await push(store, 2)).toMatchObject({ outcome: 'present' });
    await expect(push(store, 2, 9)).rejects.toMatchObject({ kind: 'conflict' });
    expect(told).toEqual([`s3://other is ${kind}`]);
    expect((await primary.listFolder('wal_005/')).objects).toHaveLength(2);
  });

  it('does not ask one again for a while that is away', async () => {
    let questions = 0;
    const never = () => {
      questions += 1;
      throw new Failure('unavailable', { message: 'away', remedy: '' });
    };
    const store = forWriting(wrappedStore(openFileStore(join(root, 'other')), { listFolder: never, stat: never }));
    for (const index of [1, 2, 3]) await push(store, index);
    expect(questions).toBe(1);
  });

  it('does not write again what that holds, and finds out other content there', async () => {
    const other = openFileStore(join(root, 'other'));
    await push(other, 1);
    const store = forWriting(other);
    expect(await push(store, 1)).toMatchObject({ outcome: 'present' });
    await expect(push(store, 1, 9)).rejects.toMatchObject({ kind: 'conflict' });
    expect(told).toEqual([]);
  });

  it.each([['unavailable'], ['denied']] as const)('fails while the own store is %s', async (kind) => {
    primary = failing(kind);
    await expect(push(forWriting(openFileStore(join(root, 'other'))), 1)).rejects.toMatchObject({ kind });
  });

  it('leaves to everybody else that what could not be looked at is not absent', async () => {
    for (const kind of ['unavailable', 'denied'] as const) {
      const store = openFailoverStore(primary, [failing(kind)]);
      await expect(store.listFolder('wal_005/')).rejects.toMatchObject({ kind });
      await expect(Array.fromAsync(store.list('wal_005/'))).rejects.toMatchObject({ kind });
      await expect(store.get('wal_005/1')).rejects.toMatchObject({ kind });
      await expect(forWriting(failing(kind)).delete(['wal_005/1'])).rejects.toMatchObject({ kind });
    }
  });
});
