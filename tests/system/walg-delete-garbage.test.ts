/** `wal-g delete garbage` as a process, on an archive that WAL-G wrote, with what backups have left that have no sentinel. */

import { cp, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runWalkback } from '../support/walkback-process.ts';

const FIXTURE = join(import.meta.dirname, '../../fixtures/walg/pg15-zstd-v309/archive');
const BACKUPS = 'basebackups_005';
const FULL = 'base_000000010000000000000002';
const FIRST = 'base_000000010000000000000004_D_000000010000000000000002';
/** The only segment that none of the backups needs. */
const OUTDATED = 'wal_005/000000010000000000000001.zst';

/** Before the archive's first backup began, and behind its last. */
const [BEFORE, BEHIND] = [new Date('2026-11-20T00:00:00Z'), new Date('2026-11-23T00:00:00Z')];

const OLD = 'base_000000010000000000000001';
const LATER = 'base_000000010000000000000003';
const KILLED = 'base_000000010000000000000005';
const UNDER_WAY = 'base_000000010000000000000007';
const HALF_REMOVED = 'base_000000010000000000000008';

let archive = '';
let before: string[] = [];

const garbage = async (...words: string[]) =>
  runWalkback(['wal-g', 'delete', 'garbage', ...words], { WALG_FILE_PREFIX: archive });
const files = async () =>
  (await readdir(archive, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(archive.length + 1))
    .toSorted();
const gone = async () => {
  const left = new Set(await files());
  return before.filter((path) => !left.has(path));
};
const partOf = (name: string): string => join(BACKUPS, name, 'tar_partitions', 'part_001.tar.zst');

async function write(path: string, text: string, at?: Date): Promise<void> {
  await mkdir(dirname(join(archive, path)), { recursive: true });
  await writeFile(join(archive, path), text);
  if (at !== undefined) await utimes(join(archive, path), at, at);
}

const noteOn = (folder: string, name: string): string =>
  `walkback_001/${folder}/${name.replace(/(.{8})(.{8})(.{8})$/, '$1-$2-$3')}.json`;

/** A backup of ours whose process is gone: its marker was not renewed for an hour. */
async function leaveKilled(name: string): Promise<void> {
  await write(partOf(name), 'half', BEHIND);
  const marker = { name, hostname: 'db1', processSpace: 'another boot', processId: 1, startedAt: '' };
  await write(noteOn('running', name), JSON.stringify(marker), BEHIND);
}

beforeEach(async () => {
  archive = join(await mkdtemp(join(tmpdir(), 'walkback-garbage-')), 'shop');
  await cp(FIXTURE, archive, { recursive: true });
  await write(partOf(OLD), 'half', BEFORE);
  await write(partOf(LATER), 'half', BEHIND);
  await write(partOf(UNDER_WAY), 'half');
  await leaveKilled(KILLED);
  await write(partOf(HALF_REMOVED), 'half');
  await write(noteOn('removing', HALF_REMOVED), '{}');
  before = await files();
});
afterEach(async () => rm(dirname(archive), { recursive: true, force: true }));

describe('wal-g delete garbage', () => {
  const leftovers = [
    ...[OLD, KILLED, HALF_REMOVED].map(partOf),
    noteOn('removing', HALF_REMOVED),
    noteOn('running', KILLED),
  ];

  it('ARCHIVES deletes WAL that no backup needs, and nothing else', async () => {
    expect(await garbage('ARCHIVES')).toMatchObject({ code: 0, err: expect.stringContaining('count=1,') });
    expect(await gone()).toEqual([]);
    const { code, err } = await garbage('ARCHIVES', '--confirm');
    expect([code, err]).toEqual([0, expect.stringContaining('Objects deleted successfully: count=1\n')]);
    expect(await gone()).toEqual([OUTDATED]);
  });

  it('BACKUPS deletes what is left of backups, and no WAL', async () => {
    expect(await garbage('BACKUPS')).toMatchObject({ code: 0, err: expect.stringContaining('count=3,') });
    expect(await gone()).toEqual([]);
    const { code, err } = await garbage('BACKUPS', '--confirm');
    expect([code, err]).toEqual([0, expect.stringContaining('Objects deleted successfully: count=3\n')]);
    for (const name of [OLD, KILLED, HALF_REMOVED])
      expect(err).toContain(`Leftover of a backup marked for deletion: ${name}`);
    expect(await gone()).toEqual(leftovers);
  });

  it('without a word deletes both', async () => {
    expect(await garbage('--confirm')).toMatchObject({ code: 0, err: expect.stringContaining('count=4\n') });
    expect(await gone()).toEqual([...leftovers, OUTDATED].toSorted());
  });

  it.each(['ARCHIVES', 'BACKUPS'])('%s deletes nothing of an archive that is frozen', async (what) => {
    expect(await runWalkback(['freeze', '--reason', 'x'], { WALKBACK_ARCHIVE: archive })).toMatchObject({ code: 2 });
    const { code, err } = await garbage(what, '--confirm');
    expect([code, err]).toEqual([1, expect.stringContaining('is frozen')]);
    expect(await gone()).toEqual([]);
  });

  it('BACKUPS leaves what a backup builds on that is listed', async () => {
    await rm(join(archive, BACKUPS, `${FULL}_backup_stop_sentinel.json`));
    for (const path of before.filter((one) => one.startsWith(join(BACKUPS, FULL, '/'))))
      await utimes(join(archive, path), BEFORE, BEFORE);
    before = await files();
    expect(before).toContain(join(BACKUPS, `${FIRST}_backup_stop_sentinel.json`));
    await garbage('BACKUPS', '--confirm');
    expect(await gone()).toEqual(leftovers);
  });
});
