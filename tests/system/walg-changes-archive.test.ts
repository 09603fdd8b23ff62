/** `wal-g …` as a process that changes an archive: what is left of one that WAL-G wrote, to the last object. */

import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runWalkback, type Ended } from '../support/walkback-process.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/walg');
const BACKUPS = 'basebackups_005';

let root = '';
let archive = '';

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-walg-changes-'));
  archive = join(root, 'archive');
});
afterEach(async () => rm(root, { recursive: true, force: true }));

const use = async (fixture: string) => cp(join(FIXTURES, fixture, 'archive'), archive, { recursive: true });
const walg = async (...words: string[]): Promise<Ended> =>
  runWalkback(['wal-g', ...words], { WALG_FILE_PREFIX: archive });

/** Every file below a folder, with what is in it. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
  const hashed = paths.toSorted().map(async (path): Promise<[string, string]> => {
    const hash = createHash('sha256').update(await readFile(path));
    return [path.slice(folder.length + 1), hash.digest('hex')];
  });
  return Object.fromEntries(await Promise.all(hashed));
}

/** What of the content is neither of one of these backups nor one of these files in the folder of WAL. */
function without(content: Record<string, string>, backups: readonly string[], wal: readonly string[]) {
  const isOf = (key: string): boolean =>
    backups.some((name) => key.startsWith(`${BACKUPS}/${name}/`) || key === sentinelOf(name)) ||
    wal.some((file) => key.startsWith(`wal_005/${file}.`));
  return Object.fromEntries(Object.entries(content).filter(([key]) => !isOf(key)));
}

const sentinelOf = (name: string): string => `${BACKUPS}/${name}_backup_stop_sentinel.json`;

async function restored(name: string): Promise<Record<string, string>> {
  const data = await mkdtemp(join(root, 'data-'));
  expect(await walg('backup-fetch', data, name)).toMatchObject({ code: 0 });
  return contentOf(data);
}

describe('deleting with wal-g, of an archive with a chain on each of two timelines', () => {
  const OLD = 'base_000000010000000000000002';
  const OLD_DELTA = 'base_000000010000000000000005_D_000000010000000000000002';
  const NEW = 'base_000000020000000000000004';
  const NEW_DELTA = 'base_000000020000000000000006_D_000000020000000000000004';
  /** When the last WAL of each timeline was written. The first was left more than a week ago: what ended lately may be the cluster's. */
  const LIVED_UNTIL = new Map([
    ['00000001', new Date('2026-11-13T16:32:52Z')],
    ['00000002', new Date('2026-11-22T16:32:56Z')],
    ['00000003', new Date('2026-11-22T16:32:59Z')],
  ]);

  beforeEach(async () => {
    await use('pg15-lz4-v305-forks');
    for (const name of await readdir(join(archive, 'wal_005'))) {
      const at = LIVED_UNTIL.get(name.slice(0, 8)) ?? 0;
      await utimes(join(archive, 'wal_005', name), at, at);
    }
    await mkdir(join(archive, 'notes'));
    await writeFile(join(archive, 'notes/plan.txt'), 'of somebody else');
  });

  /** Timeline 3, which branches off the first, is not there. */
  async function loseTimeline3(): Promise<void> {
    for (const name of await readdir(join(archive, 'wal_005')))
      if (name.startsWith('00000003')) await rm(join(archive, 'wal_005', name));
  }

  it.each([
    ['before a full backup', ['before', NEW]],
    ['before the full backup that a delta builds on', ['before', 'FIND_FULL', NEW_DELTA]],
    ['all but one full backup', ['retain', 'FULL', '1']],
    ['all but the newest backup and what it builds on', ['retain', 'FIND_FULL', '1']],
  ])('%s: the older chain goes with its WAL, and all else stays', async (_what, words) => {
    await loseTimeline3();
    const before = await contentOf(archive);
    expect(await walg('delete', ...words)).toMatchObject({ code: 0, err: expect.stringContaining('Dry run') });
    expect(await contentOf(archive)).toEqual(before);
    const { code, err } = await walg('delete', ...words, '--confirm');
    expect([code, err]).toEqual([0, expect.stringContaining('Objects deleted successfully')]);
    const wal = [2, 3, 4, 5, 6].map((number) => `00000001000000000000000${number}`);
    expect(await contentOf(archive)).toEqual(without(before, [OLD, OLD_DELTA], [...wal, '000000020000000000000003']));
  });

  it('the older chain stays where a timeline that lives builds on it, without the WAL in between', async () => {
    const before = await contentOf(archive);
    expect(await walg('delete', 'before', NEW, '--confirm')).toMatchObject({ code: 0 });
    const between = ['000000010000000000000003', '000000010000000000000004', '000000020000000000000003'];
    expect(await contentOf(archive)).toEqual(without(before, [], between));
  });

  it('everything with FORCE leaves what is not of the archive, and without FORCE all if something is kept', async () => {
    expect(await walg('backup-mark', NEW)).toMatchObject({ code: 0 });
    const before = await contentOf(archive);
    const { code, err } = await walg('delete', 'everything', '--confirm');
    expect([code, err]).toEqual([1, expect.stringContaining('1 permanent backups are there')]);
    expect(await walg('delete', 'everything', 'FORCE')).toMatchObject({ code: 0 });
    expect(await contentOf(archive)).toEqual(before);
    expect(await walg('delete', 'everything', 'FORCE', '--confirm')).toMatchObject({ code: 0 });
    expect(Object.keys(await contentOf(archive))).toEqual(['notes/plan.txt']);
  });
});

describe('an archive with a full backup and two deltas', () => {
  const FULL = 'base_000000010000000000000002';
  const FIRST = 'base_000000010000000000000004_D_000000010000000000000002';
  const SECOND = 'base_000000010000000000000006_D_000000010000000000000004';
  let before: Record<string, string> = {};

  beforeEach(async () => {
    await use('pg15-zstd-v309');
    before = await contentOf(archive);
  });

  const metadataOf = (name: string): string => `${BACKUPS}/${name}/metadata.json`;
  const isPermanent = async (name: string): Promise<boolean> =>
    (await readFile(join(archive, metadataOf(name)), 'utf8')).includes('"is_permanent":true');
  const changed = async (): Promise<string[]> => {
    const after = await contentOf(archive);
    return [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((key) => before[key] !== after[key]);
  };

  it('has a backup marked permanent with what it builds on, in their metadata alone, and unmarked again', async () => {
    const marks = async () => Promise.all([FULL, FIRST, SECOND].map(async (name) => isPermanent(name)));
    expect(await walg('backup-mark', FIRST)).toMatchObject({ code: 0 });
    expect(await marks()).toEqual([true, true, false]);
    expect(await changed()).toEqual([FULL, FIRST].map((name) => metadataOf(name)));
    const { code, err } = await walg('backup-mark', '-i', FULL);
    expect([code, err]).toEqual([1, expect.stringContaining(`${FIRST}, which is kept, builds on it`)]);
    expect(await walg('backup-mark', '-i', FIRST)).toMatchObject({ code: 0 });
    expect(await marks()).toEqual([true, false, false]);
    expect(await walg('backup-mark', '--impermanent', FULL)).toMatchObject({ code: 0 });
    expect(await contentOf(archive)).toEqual(before);
  });

  it('loses one object to st rm, and none to the beginning of a name', async () => {
    const key = 'wal_005/000000010000000000000007.zst';
    expect(await walg('st', 'rm', 'wal_005/00000001000000000000000')).toMatchObject({ code: 1 });
    expect(await changed()).toEqual([]);
    expect(await walg('st', 'rm', key)).toMatchObject({ code: 0 });
    expect(await changed()).toEqual([key]);
  });

  it('is as before after st check write, which says whether it can be written to', async () => {
    expect(await walg('st', 'check', 'write')).toMatchObject({
      code: 0,
      err: expect.stringContaining('Write check OK'),
    });
    expect(await contentOf(archive)).toEqual(before);
    await rm(archive, { recursive: true });
    await writeFile(archive, 'a file in its place');
    const { code, err } = await walg('st', 'check', 'write');
    expect([code, err]).toEqual([1, expect.not.stringContaining('Write check OK')]);
  });

  it('is copied so that a restore from the copy gives the same data', async () => {
    const fromHere = await restored(SECOND);
    const configs = await Promise.all(
      ['archive', 'copy'].map(async (name) => {
        const config = join(root, `${name}.json`);
        await writeFile(config, JSON.stringify({ WALG_FILE_PREFIX: join(root, name) }));
        return config;
      }),
    );
    await mkdir(join(root, 'copy'));
    const [from = '', to = ''] = configs;
    expect(await walg('copy', '--from', from, '--to', to, '-b', SECOND)).toMatchObject({ code: 0 });
    expect(await contentOf(archive)).toEqual(before);
    await rm(archive, { recursive: true });
    archive = join(root, 'copy');
    expect(await restored(SECOND)).toEqual(fromHere);
    expect(Object.keys(fromHere).length).toBeGreaterThan(900);
  });
});
