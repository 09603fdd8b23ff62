import { cp, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { Backup } from '../backup/backup.ts';
import { listBackups } from '../backup/list.ts';
import { indexKey } from '../backup/own-objects.ts';
import { markRunning } from '../backup/running-marker.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { backupFolder } from '../walg/backup-names.ts';
import { scheduledElsewhere } from './scheduled-elsewhere.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
const NEXT = 'base_000000010000000000000009';
const PART = `${backupFolder(NEXT)}tar_partitions/part_001.tar.lz4`;
const MINUTE_MS = 60_000;

let folder = '';
let store: ObjectStore;
let listed: Backup[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-elsewhere-'));
  const isSmall = (path: string): boolean => !path.endsWith('.zst');
  await cp(FIXTURE, folder, { recursive: true, preserveTimestamps: true, filter: isSmall });
  store = await openStore({ kind: 'file', path: folder });
  listed = await listBackups(store);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

/** A backup was due so many minutes ago. */
async function due(
  minutesAgo: number,
  newest = listed.at(-1),
  ownName?: string,
): ReturnType<typeof scheduledElsewhere> {
  const nowMs = Date.now();
  if (newest === undefined) throw new Error('the archive has no backup');
  return scheduledElsewhere(store, { nowMs, scheduledMs: nowMs - minutesAgo * MINUTE_MS, newest, listed, ownName });
}

describe('a backup that is due', () => {
  it('is left to the program that took the last one, for a while', async () => {
    const name = listed.at(-1)?.name;
    expect(await due(1)).toEqual({ state: 'expected', name });
    expect(await due(16)).toBeUndefined();
  });

  it('is waited for while another program is at it, and not when that has stopped or began before', async () => {
    await store.put(PART, Buffer.from('part'));
    expect(await due(20)).toEqual({ state: 'running', name: NEXT });
    const before = new Date(Date.now() - 40 * MINUTE_MS);
    await utimes(join(folder, PART), before, before);
    expect(await due(60)).toBeUndefined();
    expect(await due(20)).toBeUndefined();
  });

  it('is nobody’s but ours where the last one is ours, or ours is being taken', async () => {
    const newest = listed.at(-1);
    expect(await due(1, newest, newest?.name)).toBeUndefined();
    await store.put(indexKey(newest?.name ?? '', 'part_001.tar.zst'), Buffer.from('index'));
    expect(await due(1)).toBeUndefined();
    await store.put(PART, Buffer.from('part'));
    const marker = await markRunning(store, NEXT, new Date());
    expect(await due(1)).toBeUndefined();
    await marker.remove();
  });

  it('is taken when another program’s began since', async () => {
    const newest = listed.at(-1);
    if (newest === undefined) throw new Error('the archive has no backup');
    expect(await due(5, { ...newest, startedAt: new Date() })).toEqual({ state: 'taken', name: newest.name });
  });
});
