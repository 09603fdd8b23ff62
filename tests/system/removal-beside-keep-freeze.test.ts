import { cp, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { wrappedStore } from '../../src/archive/testing/wrapped-store.ts';
import { isFailure, type FailureKind } from '../../src/base/failure.ts';
import { prepareDelete, runDelete } from '../../src/backup/delete.ts';
import { removeFreezeNote, writeFreezeNote } from '../../src/backup/freeze-note.ts';
import { keepBackup } from '../../src/backup/keep.ts';
import { listBackups } from '../../src/backup/list.ts';
import { listRemovals } from '../../src/backup/removal.ts';
import { planPrune } from '../../src/prune/prune-plan.ts';
import { runPrune } from '../../src/prune/prune.ts';
import type { ObjectStore } from '../../src/storage/object-store.ts';
import { openStore } from '../../src/storage/open.ts';
import { interposed } from '../support/interposed-store.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
/** They go: the first is the full backup of the second. */
const FULL = 'base_000000010000000000000002';
const DELTA = `base_000000010000000000000004_D_${FULL.slice(5)}`;
/** No run of one side makes more calls. */
const MOST_CALLS = 60;

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-beside-keep-'));
  await cp(FIXTURE, folder, { recursive: true, preserveTimestamps: true });
  store = await openStore({ kind: 'file', path: folder });
  await makeFull(`base_000000010000000000000006_D_${DELTA.slice(5, 29)}`);
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

async function keysOf(prefix: string): Promise<string[]> {
  return (await Array.fromAsync(store.list(prefix))).map(({ key }) => key);
}

/** The newest delta, as a full backup: so what it builds on may go. */
async function makeFull(delta: string): Promise<void> {
  for (const key of (await keysOf('basebackups_005/')).filter((one) => one.includes(delta))) {
    const text = (await store.get(key))?.toString('latin1') ?? '';
    const full = key.endsWith('_sentinel.json') ? text.replaceAll(/"Delta[A-Za-z]*":("[^"]*"|\d+),/g, '') : text;
    await store.put(key.replace(/_D_\d{24}/, ''), Buffer.from(full, 'latin1'));
    await store.delete([key]);
  }
}

type Outcome = 'done' | FailureKind;

async function outcome(work: Promise<unknown>): Promise<Outcome> {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (isFailure(error)) return error.kind;
    throw error;
  }
}

const keepOn = (on: ObjectStore): Promise<Outcome> => outcome(keepBackup(on, DELTA, true));

/** Each way to remove both, as a plan that was made before. */
const removals: readonly [string, () => Promise<(on: ObjectStore) => Promise<unknown>>][] = [
  [
    'prune',
    async () => {
      const plan = await planPrune(store, { policy: { keepFull: 1 } });
      expect(plan.going).toHaveLength(2);
      return (on) => runPrune(on, plan);
    },
  ],
  [
    'delete',
    async () => {
      const prepared = await prepareDelete(store, { kind: 'one', name: FULL });
      return (on) => runDelete(on, prepared);
    },
  ],
];

/** What is kept is there and says so; of what has gone nothing is left that no note tells of. */
async function expectKeptOrGone(kept: Outcome | undefined): Promise<void> {
  const there = (await listBackups(store)).filter(({ name }) => [FULL, DELTA].includes(name));
  if (kept === 'done') {
    expect(there.map(({ name, isPermanent }) => [name, isPermanent])).toEqual([
      [FULL, true],
      [DELTA, true],
    ]);
  }
  const known = [...there.map(({ name }) => name), ...(await listRemovals(store))];
  for (const name of [FULL, DELTA].filter((one) => !known.includes(one))) {
    expect(await keysOf(`basebackups_005/${name}/`)).toEqual([]);
  }
}

const everyCall = Array.from({ length: MOST_CALLS }, (_, index) => index + 1);

describe.each(removals)('backup keep and %s of the same backup', (_way, prepare) => {
  it.each(everyCall)('never both succeed: keep before call %i of the removal', async (call) => {
    const remove = await prepare();
    let kept: Outcome | undefined;
    await outcome(remove(interposed(store, call, async () => (kept = await keepOn(store)))));
    await expectKeptOrGone(kept);
  });

  it.each(everyCall.slice(0, 40))('never both succeed: the removal before call %i of keep', async (call) => {
    const remove = await prepare();
    await expectKeptOrGone(await keepOn(interposed(store, call, () => outcome(remove(store)))));
  });
});

/** As `store`, which is frozen behind its delete of this number. Answers with what was there then. */
function frozenBehind(call: number): {
  readonly on: ObjectStore;
  readonly keysThen: () => readonly string[] | undefined;
} {
  let calls = 0;
  let keys: readonly string[] | undefined;
  const on = wrappedStore(store, {
    address: store.address,
    delete: async (...asked) => {
      await store.delete(...asked);
      calls += 1;
      if (calls !== call) return;
      await writeFreezeNote(store, { by: 'anna', at: '', reason: 'lost orders', restorePoint: undefined });
      keys = await keysOf('');
    },
  });
  return { on, keysThen: () => keys };
}

const isNote = (key: string): boolean => key.startsWith('walkback_001/removing/');

describe.each(removals)('a freeze in the middle of %s', (_way, prepare) => {
  it.each([1, 2, 3, 4, 5, 6])(
    'lets nothing more go behind deletion %i, and it goes on when it is unfrozen',
    async (call) => {
      const remove = await prepare();
      const { on, keysThen } = frozenBehind(call);
      const ended = await outcome(remove(on));
      const then = keysThen() ?? (await keysOf(''));
      expect(await keysOf('')).toEqual(expect.arrayContaining(then.filter((key) => !isNote(key))));
      if (ended === 'done') return;
      expect(ended).toBe('refused');
      await removeFreezeNote(store);
      await runPrune(store, await planPrune(store, { policy: { keepFull: 1 } }));
      expect((await keysOf('')).filter((key) => key.includes(FULL) || key.includes(DELTA) || isNote(key))).toEqual([]);
    },
  );

  it('behind what an earlier one has left lets that stay, too', async () => {
    const remove = await prepare();
    const breaking = wrappedStore(store, {
      address: store.address,
      delete: async (keys) => {
        if (!keys.some((key) => key.endsWith('_sentinel.json'))) throw new Error('the store is away');
        await store.delete(keys);
      },
    });
    await expect(remove(breaking)).rejects.toThrow('the store is away');
    const plan = await planPrune(store, { policy: { keepFull: 1 } });
    expect(plan.leftovers).toHaveLength(2);
    const { on, keysThen } = frozenBehind(2);
    expect(await outcome(runPrune(on, plan))).toBe('refused');
    expect(await keysOf('')).toEqual(keysThen());
    expect(plan.leftovers.some((name) => keysThen()?.some((key) => key.includes(name)))).toBe(true);
  });
});

describe('keeping a backup that a removal was to take that was killed', () => {
  it('is refused for an hour, since it may be going on, and then not', async () => {
    const note = 'walkback_001/removing/base_00000001-00000000-00000002.json';
    await store.put(note, Buffer.from('{}'));
    await expect(keepBackup(store, DELTA, true)).rejects.toMatchObject({
      kind: 'conflict',
      message: `cannot keep ${FULL}: its deletion has begun`,
    });
    const before = new Date(Date.now() - 3_700_000);
    await utimes(join(folder, note), before, before);
    expect(await keepBackup(store, DELTA, true)).toEqual([]);
  });
});
