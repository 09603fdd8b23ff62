/** `walkback prune` and `walkback verify` as processes: what they answer to scripts. */

import { cp, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runWalkback, type Ended } from '../support/walkback-process.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');

let folder = '';
beforeEach(async () => {
  folder = join(await mkdtemp(join(tmpdir(), 'walkback-keep-')), 'shop');
  await cp(FIXTURE, folder, { recursive: true, preserveTimestamps: true });
});
afterEach(async () => rm(join(folder, '..'), { recursive: true, force: true }));

const run = async (...args: string[]): Promise<Ended> => runWalkback(args, { WALKBACK_ARCHIVE: folder });
const json = ({ out }: Ended): unknown => JSON.parse(out);

describe('walkback prune', () => {
  it('shows a plan, and runs it if it is still this one and the answer is yes', async () => {
    const shown = await run('prune', '--keep-full', '1', '--dry-run', '--json');
    expect(json(shown)).toMatchObject({ deleted: false, objects: 1, goes: [], wal: [{ segments: 1 }] });
    const id = /"plan":"([0-9a-f]+)"/.exec(shown.out)?.[1] ?? '';
    const unasked = await run('prune', '--keep-full', '1');
    expect([unasked.code, unasked.err]).toEqual([64, expect.stringContaining('Give --yes')]);
    expect((await run('prune', '--keep-full', '1', '--yes', '--plan', 'abc')).code).toBe(81);
    const ran = await run('prune', '--keep-full', '1', '--yes', '--plan', id);
    expect([ran.code, ran.out]).toEqual([0, 'Pruned 0 backups and 1 segment: 1 object, 1.8 MB.\n']);
    expect((await run('prune', '--keep-full', '1', '--yes')).out).toContain('Nothing goes.');
  });

  it('is an error where nothing is said of what stays', async () => {
    expect(await run('prune', '--yes')).toMatchObject({ code: 64, err: expect.stringContaining('--keep-window 30d') });
  });
});

describe('walkback verify', () => {
  it('exits 0 when all is well, 1 when time was over, 2 when something is wrong', async () => {
    expect((await run('verify', '--for', '0s')).code).toBe(1);
    const sound = await run('verify', '--deep', '--json');
    expect(sound.code).toBe(0);
    expect(json(sound)).toMatchObject({ isSound: true, isDone: true, backups: { restoredIntoNothing: 3 } });
    await truncate(join(folder, 'wal_005/000000010000000000000005.zst'), 1000);
    const broken = await run('verify');
    expect([broken.code, broken.out]).toEqual([2, expect.stringContaining('  000000010000000000000005\n')]);
    expect((await run('verify', '--backup', 'base_000000010000000000000009')).code).toBe(74);
  });
});
