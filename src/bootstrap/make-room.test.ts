import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { writeClonePlan } from './attempt.ts';
import type { ClonePlan, CloneRequestFacts } from './clone-plan-value.ts';
import { earlierAttempt } from './earlier-attempt.ts';
import type { BootstrapEntry, NewBootstrapEntry } from './journal.ts';
import { bytesThatGo, makeRoom } from './make-room.ts';
import { bootstrapPlace, type BootstrapPlace } from './place.ts';

const REQUEST: CloneRequestFacts = {
  scope: 'shop',
  target: '--to-time 2026-06-05T15:02:11Z',
  timeline: 0,
  archiveAddress: 's3://a/b',
  writesTo: '',
  major: 17,
};
/** Only what is looked at. */
const PLAN = { version: 1, id: 'a1', request: REQUEST, majorVersion: 16 } as ClonePlan;
const SIZE_BYTES = 256 * 1024;

let root: string;
let place: BootstrapPlace;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'bootstrap-make-room-'));
  place = bootstrapPlace(join(root, 'data'));
  for (const path of ['clone/configuration-of-the-backup', 'clone/recovered-16', 'tablespaces-a1/16400']) {
    const folder = join(`${place.dataDirectory}.walkback`, path);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'file'), Buffer.alloc(SIZE_BYTES));
  }
  await writeClonePlan(place, PLAN);
});
afterEach(() => rm(root, { recursive: true }));

const DONE: NewBootstrapEntry = { event: 'done', step: 'putInPlace', facts: {} };
const lines = (...entries: NewBootstrapEntry[]): BootstrapEntry[] =>
  [{ event: 'attempt', id: 'a1' } as const, ...entries].map((entry) => ({ at: '2026-06-05T15:10:00Z', ...entry }));

/** The next attempt asks for something else. */
async function beginAnew(entries: readonly BootstrapEntry[]): Promise<{ bytes: bigint; notes: string[] }> {
  const earlier = await earlierAttempt(place, entries, { ...REQUEST, major: 18 });
  if (earlier.kind !== 'anew' || earlier.left === undefined) throw new Error('there is no attempt');
  const notes: string[] = [];
  const bytes = await bytesThatGo(place, earlier.left);
  await makeRoom(place, earlier.left, (line) => notes.push(line));
  return { bytes, notes };
}

const beside = async () => (await readdir(`${place.dataDirectory}.walkback`)).toSorted();
const inFolder = async () => (await readdir(place.folder)).toSorted();

describe('a clone that is begun anew', () => {
  it.each<[string, NewBootstrapEntry[]]>([
    ['was put in place and is not there any more', [DONE]],
    ['may have been put in place when its run was killed', [{ event: 'begin', step: 'putInPlace' }]],
    ['was taken over', [DONE, { event: 'initialized' }]],
  ])('keeps the tablespaces, and the data from before the upgrade, of one that %s', async (_, entries) => {
    const { bytes, notes } = await beginAnew(lines(...entries));
    expect(await beside()).toEqual(['clone', 'tablespaces-a1']);
    expect(await inFolder()).toEqual(['plan.json', 'recovered-16-a1']);
    expect(notes).toEqual([expect.stringMatching(/^kept, .*tablespaces-a1, .*recovered-16-a1;/)]);
    expect(bytes).toBeLessThan(2n * BigInt(SIZE_BYTES));
  });

  it.each<[string, NewBootstrapEntry[]]>([
    ['never got there', []],
    ['was taken out of its place again', [DONE, { event: 'undone', step: 'putInPlace' }]],
  ])('removes all of one that %s', async (_, entries) => {
    const { bytes, notes } = await beginAnew(lines(...entries));
    expect(await beside()).toEqual(['clone']);
    expect(await inFolder()).toEqual(['plan.json']);
    expect(notes).toEqual([]);
    expect(bytes).toBeGreaterThanOrEqual(3n * BigInt(SIZE_BYTES));
  });

  it('removes all of one that is back in its folder, which nobody has written down', async () => {
    await mkdir(place.data);
    await beginAnew(lines(DONE));
    expect(await beside()).toEqual(['clone']);
    expect(await inFolder()).toEqual(['plan.json']);
  });

  it('finds the second of two beside the first', async () => {
    await beginAnew(lines(DONE));
    expect((await beginAnew(lines(DONE))).notes).toEqual([expect.stringContaining('recovered-16-a1')]);
  });
});
