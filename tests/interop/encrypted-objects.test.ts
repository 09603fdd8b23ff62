/**
 * Objects compressed and encrypted in every way, between us and the real wal-g, both ways: a segment through
 * `wal-g wal-push` and `wal-fetch`.
 */

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { walgBinary } from '../../scripts/prove/interop/real-walg.ts';
import { openArchive } from '../../src/app/open-archive.ts';
import { pushWalFile } from '../../src/archive/push.ts';
import { readWalFile } from '../../src/archive/read-wal-file.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { FIXTURES, openFixture } from '../support/fixture-archive.ts';

const run = promisify(execFile);
const SEGMENT = '000000010000000000000003';
const HISTORY = '00000002.history';
const KEY = 'a libsodium key, taken as it is!';

const ENCRYPTIONS = {
  plain: {},
  'libsodium, hex': { WALG_LIBSODIUM_KEY: '5a'.repeat(32), WALG_LIBSODIUM_KEY_TRANSFORM: 'hex' },
  'libsodium, base64': {
    WALG_LIBSODIUM_KEY: Buffer.alloc(32, 'base64').toString('base64'),
    WALG_LIBSODIUM_KEY_TRANSFORM: 'base64',
  },
  'libsodium, text as it is': { WALG_LIBSODIUM_KEY: KEY },
  'libsodium, a short key': { WALG_LIBSODIUM_KEY: KEY.slice(0, 26) },
  'libsodium, hex taken as text': { WALG_LIBSODIUM_KEY: '5a'.repeat(32), WALG_LIBSODIUM_KEY_TRANSFORM: 'none' },
  OpenPGP: { WALG_PGP_KEY_PATH: join(FIXTURES, 'keys/fixture-private.asc') },
} as const;

/** What the binary at hand was built without, by its own words; `undefined` if it can do this. */
async function lacking(walg: string, environment: Readonly<Record<string, string>>): Promise<string | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'walkback-interop-'));
  try {
    await writeFile(join(folder, HISTORY), '1\t0/3000000\tno recovery target specified\n');
    await run(walg, ['wal-push', join(folder, HISTORY)], { env: { ...environment, WALG_FILE_PREFIX: folder } });
    return undefined;
  } catch (error) {
    const text = String(error);
    if (/compression method|decompressor|compressor/i.test(text)) return `no ${environment['WALG_COMPRESSION_METHOD']}`;
    if (/libsodium/i.test(text)) return 'no libsodium';
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const walg = walgBinary();
const cells = Object.entries(ENCRYPTIONS).flatMap(([encryption, settings]) =>
  (['zstd', 'lz4', 'brotli', 'none'] as const).map((compression) => ({ encryption, compression, settings })),
);
const SKIP = 'SKIPPED: no real wal-g here (set WALG_BINARY): nothing is shown of reading and writing as it does';
if (walg === undefined) console.log(SKIP);

describe.skipIf(walg === undefined)('a segment between wal-g and walkback', () => {
  let root = '';
  let content: Buffer;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'walkback-interop-'));
    await using fixture = await openFixture('pg15-zstd-v309');
    content = (await readWalFile(fixture.store, SEGMENT))?.bytes ?? Buffer.alloc(0);
    await mkdir(join(root, 'pg_wal/archive_status'), { recursive: true });
    await writeFile(join(root, 'pg_wal', SEGMENT), content);
    await writeFile(join(root, 'pg_wal', HISTORY), '1\t0/3000000\tno recovery target specified\n');
  });

  afterAll(async () => rm(root, { recursive: true, force: true }));

  it.for(cells)('is the same both ways: $compression, $encryption', async ({ compression, settings }, { skip }) => {
    const base = { ...settings, WALG_COMPRESSION_METHOD: compression, PATH: process.env['PATH'] ?? '' };
    const binary = walg ?? '';
    const why = await lacking(binary, base);
    if (why !== undefined) {
      console.log(`SKIPPED: ${compression}: the wal-g at hand has ${why}`);
      skip(why);
    }
    const [theirs, ours] = [await mkdtemp(join(root, 'theirs-')), await mkdtemp(join(root, 'ours-'))];
    const archiveAt = async (path: string) =>
      openArchive(await loadSettings({ environment: { ...base, WALG_FILE_PREFIX: path }, workingDirectory: '/' }));

    await run(binary, ['wal-push', join(root, 'pg_wal', SEGMENT)], { env: { ...base, WALG_FILE_PREFIX: theirs } });
    await run(binary, ['wal-push', join(root, 'pg_wal', HISTORY)], { env: { ...base, WALG_FILE_PREFIX: theirs } });
    await using itsArchive = await archiveAt(theirs);
    expect((await readWalFile(itsArchive.store, SEGMENT))?.bytes.equals(content)).toBe(true);
    expect((await readWalFile(itsArchive.store, HISTORY))?.bytes.toString()).toContain('no recovery target');

    await using ourArchive = await archiveAt(ours);
    for (const name of [SEGMENT, HISTORY]) {
      await pushWalFile({ store: ourArchive.store, path: join(root, 'pg_wal', name), compression });
      const fetched = join(ours, 'fetched');
      await rm(fetched, { force: true });
      await run(binary, ['wal-fetch', name, fetched], { env: { ...base, WALG_FILE_PREFIX: ours } });
      expect((await readFile(fetched)).equals(await readFile(join(root, 'pg_wal', name)))).toBe(true);
    }
  });
});
