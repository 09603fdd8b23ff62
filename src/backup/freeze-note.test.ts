import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import type { ObjectStore } from '../storage/object-store.ts';
import { openStore } from '../storage/open.ts';
import { FREEZE_KEY, readFreezeNote, refuseIfFrozen, removeFreezeNote, writeFreezeNote } from './freeze-note.ts';

let folder = '';
let store: ObjectStore;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'walkback-freeze-'));
  store = await openStore({ kind: 'file', path: folder });
});
afterEach(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const note = { by: 'anna@db1', at: '2026-06-05T15:02:11Z', reason: 'lost orders', restorePoint: 'freeze-1' };

describe('a freeze note', () => {
  it('is there until it is taken away', async () => {
    expect(await readFreezeNote(store)).toBeUndefined();
    await writeFreezeNote(store, note);
    expect(await readFreezeNote(store)).toEqual(note);
    expect(await removeFreezeNote(store)).toEqual(note);
    expect(await readFreezeNote(store)).toBeUndefined();
  });

  it('stays the first one when a second person freezes', async () => {
    await writeFreezeNote(store, note);
    const second = await writeFreezeNote(store, { ...note, by: 'ben@db1' });
    expect(second).toEqual({ outcome: 'exists', note });
  });

  it.each(['', 'null', '{', '{"by":7}', '[]', '{}'.padEnd(70_000)])('freezes whatever it says: %.10j', async (text) => {
    await store.put(FREEZE_KEY, Buffer.from(text));
    expect(await readFreezeNote(store)).toMatchObject({ by: 'a note that cannot be read' });
    await expect(refuseIfFrozen(store, 'prune')).rejects.toMatchObject({ kind: 'refused' });
  });

  it('says in a refusal who froze the archive, when and why', async () => {
    await writeFreezeNote(store, note);
    await expect(refuseIfFrozen(store, 'prune')).rejects.toThrow(
      /^cannot prune: .* is frozen, since 2026-06-05T15:02:11Z by anna@db1: lost orders$/,
    );
  });
});
