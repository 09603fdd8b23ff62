import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runLine } from './testing/run-line.ts';

const FIXTURES = join(import.meta.dirname, '../../../fixtures/walg');
const FULL = 'base_000000010000000000000002';

describe('wal-g copy', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-walg-copy-'));
    await cp(join(FIXTURES, 'pg15-zstd-v309/archive'), join(root, 'from'), { recursive: true });
    await mkdir(join(root, 'to'));
    for (const name of ['from', 'to'])
      await writeFile(join(root, `${name}.json`), JSON.stringify({ WALG_FILE_PREFIX: join(root, name) }));
  });
  afterEach(async () => rm(root, { recursive: true, force: true }));

  const copy = async (...more: readonly string[]) =>
    runLine(['copy', '--from', join(root, 'from.json'), '--to', join(root, 'to.json'), ...more], { environment: {} });
  const lose = async (segment: string) => rm(join(root, 'from/wal_005', `${segment}.zst`));
  const copied = async () => readdir(join(root, 'to'));

  it('copies what has all its WAL, with holes elsewhere', async () => {
    await lose('000000010000000000000003');
    await lose('000000010000000000000006');
    expect(await copy('-b', FULL)).toMatchObject({ code: 0, err: expect.stringContaining('Success copy.') });
    expect(await copied()).toEqual(['basebackups_005', 'wal_005']);
  });

  it('copies a delta although its parent lacks WAL that the delta does not need', async () => {
    await lose('000000010000000000000002');
    expect((await copy('-b', 'base_000000010000000000000004_D_000000010000000000000002')).code).toBe(0);
  });

  it.each([
    ['a backup that lacks WAL', [], '000000010000000000000004'],
    ['a backup that lacks WAL, with history', ['-w'], '000000010000000000000004'],
    ['history with a hole behind its backup', ['-w', '-b', FULL], '000000010000000000000005'],
  ])('refuses %s before anything is written, and names the segment', async (_what, flags, segment) => {
    await lose(segment);
    const { code, err } = await copy(...flags);
    expect([code, err]).toEqual([1, expect.stringContaining(`${segment} is missing in ${join(root, 'from')}`)]);
    expect(err).toContain('Put it back');
    expect(err).not.toContain('Success');
    expect(await copied()).toEqual([]);
  });

  it('refuses to put two clusters into one archive', async () => {
    await cp(join(FIXTURES, 'pg18-zstd-v309/archive'), join(root, 'to'), { recursive: true });
    const before = await readdir(join(root, 'to'), { recursive: true });
    const { code, err } = await copy();
    expect([code, err]).toEqual([1, expect.stringMatching(/it holds the system \d+, and what is copied is of \d+/)]);
    expect(await readdir(join(root, 'to'), { recursive: true })).toEqual(before);
  });

  describe('where objects are encrypted', () => {
    const KEY = { WALG_LIBSODIUM_KEY: 'a key that is long enough for this, at 51 characters' };
    const OTHER_KEY = { WALG_LIBSODIUM_KEY: 'another key that is long enough for this, at 60 characters' };
    const set = async (name: 'from' | 'to', settings: object) =>
      writeFile(join(root, `${name}.json`), JSON.stringify({ WALG_FILE_PREFIX: join(root, name), ...settings }));

    it.each([
      ['no key, and the second one', {}, KEY, /from\.json has no key, and .*to\.json libsodium \w{16}/],
      ['a key, and the second none', KEY, {}, /from\.json has libsodium \w{16}, and .*to\.json no key/],
      ['another key than the second', KEY, OTHER_KEY, /from\.json has libsodium \w{16}, and .*to\.json libsodium/],
    ])('is refused where the first settings have %s', async (_what, from, to, message) => {
      await set('from', from);
      await set('to', to);
      const { code, err } = await copy('-b', FULL);
      expect([code, err]).toEqual([1, expect.stringMatching(message)]);
      expect(err).not.toContain('a key that');
      expect(await copied()).toEqual([]);
    });

    it('is done with one key, but not into what another one was used for', async () => {
      const archive = join(FIXTURES, 'pg15-lz4-sodium-v305');
      const { settings } = JSON.parse(await readFile(join(archive, 'expected.json'), 'utf8')) as { settings: object };
      await rm(join(root, 'from'), { recursive: true });
      await cp(join(archive, 'archive'), join(root, 'from'), { recursive: true });
      for (const name of ['from', 'to'] as const) await set(name, settings);
      await mkdir(join(root, 'to', 'walkback_001'));
      const record = join(root, 'to', 'walkback_001', 'system-identifier.json');
      const { 1: systemIdentifier } = /"SystemIdentifier":(\d+)/.exec(
        await readFile(join(root, 'from', 'basebackups_005', `${FULL}_backup_stop_sentinel.json`), 'utf8'),
      ) ?? [''];
      await writeFile(record, JSON.stringify({ systemIdentifier, encryption: 'libsodium 0123456789abcdef' }));
      const { code, err } = await copy('-w');
      expect([code, err]).toEqual([1, expect.stringContaining('it is encrypted with another key')]);
      expect(await copied()).toEqual(['walkback_001']);
      await rm(join(root, 'to', 'walkback_001'), { recursive: true });
      expect((await copy('-w')).code).toBe(0);
      expect(await copied()).toEqual(['basebackups_005', 'wal_005']);
    });
  });

  it('goes on in an archive of the same cluster', async () => {
    expect((await copy('-b', FULL)).code).toBe(0);
    expect((await copy('-w')).code).toBe(0);
  });
});
