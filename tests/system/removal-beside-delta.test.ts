import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { isFailure } from '../../src/base/failure.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { sentinelKey } from '../../src/walg/backup-names.ts';
import { prepareDelete } from '../../src/backup/delete.ts';
import { keepParent } from '../../src/backup/keep-parent.ts';
import { listBackups } from '../../src/backup/list.ts';
import { listRemovals, refuseIfGoing, removeBackups } from '../../src/backup/removal.ts';
import { markRunning } from '../../src/backup/running-marker.ts';
import { interposed } from '../support/interposed-store.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
const FULL = 'base_000000010000000000000002';
const CHILD = `base_000000010000000000000007_D_${FULL.slice(5)}`;
/** No run of one side makes more calls. */
const MOST_CALLS = 40;

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-beside-'));
  const isSmall = (path: string): boolean => !path.endsWith('.zst');
  await cp(FIXTURE, folder, { recursive: true, preserveTimestamps: true, filter: isSmall });
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function outcome(work: Promise<unknown>): Promise<'done' | 'conflict'> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (isFailure(error, 'conflict')) return 'conflict';
    throw error;
  }
}

/** The calls by which a delta on the full backup comes to be, as `takeBackup` makes them. */
async function takeDelta(on: ObjectStore): Promise<void> {
  const [backup] = (await listBackups(on)).filter(({ name }) => name === FULL);
  if (backup === undefined) return;
  const marker = await markRunning(on, CHILD, new Date(), FULL);
  try {
    await refuseIfGoing(on, [FULL]);
    await keepParent(on, { backup, chain: [backup], count: 1, files: new Map(), arePagesTelling: true }, false);
    await marker.confirm();
    const full: unknown = JSON.parse((await on.get(sentinelKey(FULL)))?.toString() ?? '{}');
    const delta = { DeltaLSN: Number(backup.startLsn), DeltaFrom: FULL, DeltaFullName: FULL, DeltaCount: 1 };
    await on.put(sentinelKey(CHILD), Buffer.from(JSON.stringify(Object.assign({}, full, delta))));
  } finally {
    await marker.remove();
  }
}

/** Removes the whole chain of the archive, with the full backup at its root. */
async function removeChain(on: ObjectStore): Promise<void> {
  await removeBackups(
    on,
    (await listBackups(store)).filter(({ name }) => name !== CHILD),
  );
}

async function names(): Promise<string[]> {
  return (await listBackups(store)).map(({ name }) => name);
}

const everyCall = Array.from({ length: MOST_CALLS }, (_, index) => index + 1);

describe('a delta and the removal of what it builds on, at the same time', () => {
  it.each(everyCall)('never leave it without its parent: the removal before call %i of the delta', async (call) => {
    let removal: 'done' | 'conflict' | undefined;
    const taken = await outcome(
      takeDelta(interposed(store, call, async () => (removal = await outcome(removeChain(store))))),
    );
    const left = await names();
    expect(left.includes(CHILD) && !left.includes(FULL)).toBe(false);
    expect(left.includes(CHILD)).toBe(taken === 'done' && removal !== 'done');
  });

  it.each(everyCall)('never leave it without its parent: the delta before call %i of the removal', async (call) => {
    let taken: 'done' | 'conflict' | undefined;
    const removal = await outcome(
      removeChain(interposed(store, call, async () => (taken = await outcome(takeDelta(store))))),
    );
    const left = await names();
    expect(left.includes(CHILD) && !left.includes(FULL)).toBe(false);
    if (removal === 'conflict') expect([left.includes(FULL), taken]).toEqual([true, 'done']);
    if (removal === 'conflict') expect(await listRemovals(store)).not.toContain(FULL);
  });
});

describe('deleting a backup that a delta is being taken on', () => {
  it('is refused, named alone, and leaves it and the WAL of the running one when older ones go', async () => {
    const marker = await markRunning(store, CHILD, new Date(), FULL);
    await expect(prepareDelete(store, { kind: 'one', name: FULL })).rejects.toMatchObject({ kind: 'refused' });
    const early = await markRunning(store, 'base_000000010000000000000001', new Date());
    const newest = (await names()).at(-1) ?? '';
    const { plan, walKeys } = await prepareDelete(store, { kind: 'before', name: newest });
    expect(plan.backups.map(({ name }) => name)).not.toContain(FULL);
    expect(plan.wal?.firstKept).toBe('0000000000000001');
    expect(walKeys).toEqual([]);
    await early.remove();
    await marker.remove();
    expect((await prepareDelete(store, { kind: 'one', name: FULL })).plan.backups.length).toBeGreaterThan(1);
  });
});
