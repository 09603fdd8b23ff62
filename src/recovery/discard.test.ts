import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { localPlaces } from '../cluster/local-places.ts';
import { openJournal, stateOf, type Journal } from './journal.ts';
import { discard, rehearse } from './recover.ts';
import type { RecoveryContext } from './recovery-context.ts';

const ID = 'c0de';

let root: string;
let folder: string;
let journal: Journal;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-discard-'));
  folder = join(root, 'live.walkback', ID);
  await mkdir(join(folder, 'data/base'), { recursive: true });
  await mkdir(join(folder, 'tablespaces/16400'), { recursive: true });
  await writeFile(join(folder, 'data/base/1'), '');
  journal = await openJournal(join(folder, 'journal.jsonl'), () => new Date());
  await journal.append({ event: 'state', state: 'standing' });
});
afterEach(async () => {
  await journal[Symbol.asyncDispose]();
  await chmod(join(folder, 'data/base'), 0o700).catch(() => {});
  await rm(root, { recursive: true });
});

/** Only what is looked at. */
const context = (): RecoveryContext =>
  ({ uses: { cluster: localPlaces(join(root, 'live')) }, plan: { id: ID }, journal }) as unknown as RecoveryContext;

describe('a rehearsal that is thrown away', () => {
  it('stands no more from the moment that its files begin to go, and is thrown away to the end by the same command', async () => {
    await chmod(join(folder, 'data/base'), 0o500);
    await expect(discard(context())).rejects.toMatchObject({ code: 'EACCES' });
    expect(stateOf(journal.entries)).toBe('discarded');
    // What is left shows that it is not all removed.
    expect(await readdir(folder)).toEqual(['data', 'journal.jsonl']);
    await expect(rehearse(context())).rejects.toMatchObject({ kind: 'refused' });
    await chmod(join(folder, 'data/base'), 0o700);
    await discard(context());
    expect(await readdir(folder)).toEqual(['journal.jsonl']);
  });

  it('is not one that was cut over to', async () => {
    await journal.append({ event: 'state', state: 'recovered' });
    await expect(discard(context())).rejects.toMatchObject({ kind: 'refused' });
    expect(await readdir(folder)).toContain('tablespaces');
    expect(stateOf(journal.entries)).toBe('recovered');
  });
});
