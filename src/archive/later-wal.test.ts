import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { walSegmentSize } from '../postgres/wal-segment.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { findLaterWal } from './later-wal.ts';

const SIZE = walSegmentSize(16 * 1024 * 1024);
const MISSING = '000000010000000000000005';

describe('what is later than a missing segment on its line of history', () => {
  let root: string;
  let store: ObjectStore;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-later-'));
    store = await openStore({ kind: 'file', path: root });
  });
  afterEach(async () => {
    await store.close();
    await rm(root, { recursive: true });
  });

  async function archive(...names: string[]): Promise<void> {
    for (const name of names) await store.put(`wal_005/${name}`, Buffer.from('x'));
  }
  /** A history file: uncompressed, so that its text is what is stored. */
  async function history(timeline: string, text: string): Promise<void> {
    await store.put(`wal_005/${timeline}.history`, Buffer.from(text));
  }
  const later = async () => findLaterWal(store, MISSING, SIZE);

  it('cannot be told of an archive that holds no WAL at all', async () => {
    await store.put('basebackups_005/base_000000010000000000000002/metadata.json', Buffer.from('{}'));
    await expect(later()).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('no WAL at all') });
  });

  it('is nothing when all is earlier, or is another kind of the same file', async () => {
    await archive('000000010000000000000004.zst', `${MISSING}.partial.zst`, `${MISSING}.00000028.backup.lz4`);
    expect(await later()).toBeUndefined();
  });

  it.each(['000000010000000000000006.zst', '000000010000000100000000.lz4', '000000010000000000000007.00000028.backup'])(
    'is %s, of the same timeline',
    async (name) => {
      await archive(name);
      expect(await later()).toBe(name.replace(/\.(zst|lz4)$/, ''));
    },
  );

  it('is not what WAL-G leaves beside segments', async () => {
    await archive(
      '000000010000000000000004.zst',
      '000000010000000000000006_delta.zst',
      '000000010000000000000006.json',
    );
    expect(await later()).toBeUndefined();
  });

  it('is a timeline that branched off behind it', async () => {
    await history('00000002', '1\t0/6000000\tno recovery target specified\n');
    expect(await later()).toContain('00000002.history');
  });

  it('is a timeline whose grandparent it is on', async () => {
    await history('00000002', '1\t0/7000000\tx\n');
    await history('00000003', '1\t0/7000000\tx\n2\t0/9000000\tx\n');
    await store.delete(['wal_005/00000002.history']);
    expect(await later()).toContain('00000003.history');
  });

  it('is no timeline that branched off inside it or before, however long it became', async () => {
    await history('00000002', '1\t0/5000100\tx\n');
    await history('00000003', '1\t0/3000000\tx\n');
    await archive('000000020000000000000009.zst', '000000030000000000000009.zst');
    expect(await later()).toBeUndefined();
  });

  it('cannot be told when a later timeline has lost its history file', async () => {
    await archive('000000020000000000000006.zst');
    await expect(later()).rejects.toMatchObject({
      kind: 'refused',
      remedy: expect.stringContaining('00000002.history'),
    });
  });

  it('is not affected by a timeline without history that ends before it', async () => {
    await archive('000000020000000000000004.zst');
    expect(await later()).toBeUndefined();
  });
});
