import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { compress } from '../../src/codec/compression.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { syncedPaths } from '../../src/storage/testing/synced-paths.ts';
import { readSystemIdentifier, SYSTEM_IDENTIFIER_KEY } from '../../src/archive/archive-identity.ts';
import { pushWalFile } from '../../src/archive/push.ts';
import { readWalFile } from '../../src/archive/read-wal-file.ts';
import { segmentBytes } from '../../src/archive/testing/segment-bytes.ts';
import { wrappedStore } from '../../src/archive/testing/wrapped-store.ts';
import { WalBuffers } from '../../src/archive/wal-buffers.ts';

const NAME = '0000000100000000000000A1';
const SIZE = 1024 * 1024;
const segment = (fill = 0, systemIdentifier = 7n) =>
  segmentBytes({ name: NAME, sizeBytes: SIZE, systemIdentifier, fill });

describe('pushing a WAL file', () => {
  let root: string;
  let store: ObjectStore;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-push-'));
    store = await openStore({ kind: 'file', path: root });
  });
  afterEach(async () => {
    await store.close();
    await rm(root, { recursive: true });
  });

  async function push(
    bytes: Buffer,
    name = NAME,
    more: { compression?: 'zstd' | 'lz4' | 'none'; systemIdentifier?: bigint } = {},
  ) {
    const path = join(root, name);
    await writeFile(path, bytes);
    return pushWalFile({ store, path, ...more });
  }

  it.each(['zstd', 'lz4', 'none'] as const)(
    'stores it as WAL-G names it, to be read again (%s)',
    async (compression) => {
      const { outcome, key } = await push(segment(3), NAME, { compression });
      expect(outcome).toBe('written');
      expect(key).toBe(`wal_005/${NAME}${{ zstd: '.zst', lz4: '.lz4', none: '' }[compression]}`);
      expect((await readWalFile(store, NAME))?.bytes.equals(segment(3))).toBe(true);
    },
  );

  it('is success when the same content is there, under any compression, and writes nothing', async () => {
    await push(segment(3), NAME, { compression: 'lz4' });
    expect(await push(segment(3))).toMatchObject({ outcome: 'present', key: `wal_005/${NAME}.lz4` });
    expect(await readdir(join(root, 'wal_005'))).toEqual([`${NAME}.lz4`]);
  });

  it.runIf(process.platform === 'linux')(
    'is success for what a push has left that was killed, once it is durable',
    async () => {
      const key = `wal_005/${NAME}.zst`;
      await mkdir(join(root, 'wal_005'));
      await writeFile(join(root, key), await compress('zstd', segment(3)));
      const synced = await syncedPaths(async () =>
        expect(await push(segment(3))).toMatchObject({ outcome: 'present' }),
      );
      expect(synced.slice(-3)).toEqual([join(root, key), join(root, 'wal_005'), root]);
    },
  );

  it.each(['lz4', 'none', 'zstd'] as const)(
    'is a conflict that names both when %s with other content is there',
    async (compression) => {
      const { key } = await push(segment(3), NAME, { compression });
      const conflict = push(segment(4));
      await expect(conflict).rejects.toMatchObject({ kind: 'conflict', message: expect.stringContaining(key) });
      await expect(conflict).rejects.toMatchObject({ message: expect.stringContaining(join(root, NAME)) });
      expect((await readWalFile(store, NAME))?.bytes.equals(segment(3))).toBe(true);
    },
  );

  it('protects history files in the same way', async () => {
    await push(Buffer.from('1\t0/3000000\tone\n'), '00000002.history');
    await expect(push(Buffer.from('1\t0/4000000\tother\n'), '00000002.history')).rejects.toMatchObject({
      kind: 'conflict',
    });
  });

  it('keeps a segment, its .partial and its .backup apart', async () => {
    await push(segment(1), `${NAME}.partial`);
    await push(Buffer.from('START WAL LOCATION: 0/2000028\n'), `${NAME}.00000028.backup`);
    expect(await push(segment(2))).toMatchObject({ outcome: 'written' });
  });

  it('refuses a damaged file before anything is written', async () => {
    await expect(push(segment().subarray(0, 100))).rejects.toMatchObject({ kind: 'corrupt' });
    expect(await readdir(root)).toEqual([NAME]);
  });

  it('is not over when the store confirms what it does not have', async () => {
    const path = join(root, NAME);
    await writeFile(path, segment(3));
    const lying = wrappedStore(store, { put: async () => 'written' });
    await expect(pushWalFile({ store: lying, path })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('has confirmed'),
    });
    expect(await pushWalFile({ store, path })).toMatchObject({ outcome: 'written' });
  });

  it('refuses to take a damaged object for the same content', async () => {
    await store.put(`wal_005/${NAME}.zst`, Buffer.from('not zstd at all'));
    await expect(push(segment())).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('records the cluster with the first push, and refuses another', async () => {
    await push(segment(0, 7n));
    expect((await store.get(SYSTEM_IDENTIFIER_KEY))?.toString()).toBe('{"systemIdentifier":"7"}\n');
    const other = segmentBytes({ name: '0000000100000000000000A2', sizeBytes: SIZE, systemIdentifier: 8n });
    await expect(push(other, '0000000100000000000000A2')).rejects.toMatchObject({ kind: 'conflict' });
    await expect(
      push(Buffer.from('1\t0/3000000\tx\n'), '00000002.history', { systemIdentifier: 8n }),
    ).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('knows the cluster of an archive that WAL-G began from its newest backup', async () => {
    await store.put(
      'basebackups_005/base_0000000100000000000000A0_backup_stop_sentinel.json',
      Buffer.from('{"LSN":1,"SystemIdentifier":7234567890123456789}'),
    );
    expect(await readSystemIdentifier(store)).toBe(7234567890123456789n);
    await expect(push(segment(0, 8n))).rejects.toMatchObject({ kind: 'conflict' });
  });

  it('knows it from a segment when there is no backup', async () => {
    await store.put(
      `wal_005/0000000100000000000000A0.lz4`,
      await compress('lz4', segmentBytes({ name: '0000000100000000000000A0', sizeBytes: SIZE, systemIdentifier: 9n })),
    );
    await expect(push(segment(0, 8n))).rejects.toMatchObject({ kind: 'conflict' });
    expect(await push(segment(0, 9n))).toMatchObject({ outcome: 'written' });
  });

  it('holds no 24 hexadecimal digits in a row in names of its own', () => {
    expect(SYSTEM_IDENTIFIER_KEY).not.toMatch(/[0-9A-Fa-f]{24}/);
  });

  it.each(['zstd', 'lz4', 'none'] as const)(
    'reads segments into buffers that are used again (%s)',
    async (compression) => {
      const buffers = new WalBuffers({ count: 1, sizeBytes: SIZE });
      const names = ['A1', 'A2', 'A3', 'A4'].map((end) => NAME.slice(0, 22) + end);
      const contents = names.map((name, fill) => segmentBytes({ name, sizeBytes: SIZE, systemIdentifier: 7n, fill }));
      for (const [index, name] of names.entries()) await writeFile(join(root, name), contents[index] ?? '');
      await Promise.all(
        names.map(async (name) => pushWalFile({ store, path: join(root, name), compression, buffers })),
      );
      for (const [index, name] of names.entries()) {
        expect((await readWalFile(store, name))?.bytes.equals(contents[index] ?? Buffer.of())).toBe(true);
      }
    },
  );

  it('gives a buffer back whatever happens', async () => {
    const buffers = new WalBuffers({ count: 1, sizeBytes: SIZE });
    const path = join(root, NAME);
    await writeFile(path, segment(1));
    const failing = wrappedStore(store, { put: async () => Promise.reject(new Error('the disk is gone')) });
    for (const compression of ['none', 'zstd', 'none'] as const) {
      await expect(pushWalFile({ store: failing, path, compression, buffers })).rejects.toThrow('the disk is gone');
    }
    await writeFile(path, Buffer.alloc(SIZE));
    await expect(pushWalFile({ store, path, buffers })).rejects.toMatchObject({ kind: 'corrupt' });
    await writeFile(path, segment(2));
    expect(await pushWalFile({ store, path, buffers })).toMatchObject({ outcome: 'written' });
    expect(await pushWalFile({ store, path, buffers })).toMatchObject({ outcome: 'present' });
    expect((await buffers.take()).length).toBe(SIZE);
  });

  it('lets two pushes of the same file at the same time both succeed', async () => {
    const path = join(root, NAME);
    await writeFile(path, segment(5));
    const outcomes = await Promise.all([pushWalFile({ store, path }), pushWalFile({ store, path })]);
    expect(outcomes.map(({ outcome }) => outcome)).toContain('written');
  });
});
