import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openFixture } from '../../tests/support/fixture-archive.ts';
import { loadSettings } from '../config/load-settings.ts';
import { openArchive } from './open-archive.ts';
import { openCipher } from './open-cipher.ts';

const KEY = '6f1f9c0d3a5be27784c1d2e3f405162738495a6b7c8d9eaf00112233445566aa';
const SET = 'pg15-lz4-sodium-v305';
const SEGMENT = 'wal_005/000000010000000000000005.lz4';

let root = '';
beforeAll(async () => (root = await mkdtemp(join(tmpdir(), 'walkback-cipher-'))));
afterAll(async () => rm(root, { recursive: true, force: true }));

const cipherOf = async (environment: Record<string, string>) =>
  openCipher(await loadSettings({ environment, workingDirectory: '/' }));

describe('the cipher of the settings', () => {
  it('reads a key file as WAL-G does', async () => {
    const path = join(root, 'key');
    await writeFile(path, `  ${KEY}\n`);
    const cipher = await cipherOf({ WALG_LIBSODIUM_KEY_PATH: path, WALG_LIBSODIUM_KEY_TRANSFORM: 'hex' });
    const { storedAs } = await openFixture(SET);
    const stored = (await storedAs.get(SEGMENT)) ?? Buffer.alloc(0);
    expect((await cipher?.decrypt(stored, SEGMENT))?.readUInt32LE(0)).toBe(0x184d2204);
  });

  it('fails where a key file is not there, or holds no key', async () => {
    await expect(cipherOf({ WALG_LIBSODIUM_KEY_PATH: join(root, 'none') })).rejects.toMatchObject({ kind: 'denied' });
    await writeFile(join(root, 'empty'), '\n');
    for (const variable of ['WALG_LIBSODIUM_KEY_PATH', 'WALG_PGP_KEY_PATH']) {
      await expect(cipherOf({ [variable]: join(root, 'empty') })).rejects.toMatchObject({
        kind: 'usage',
        message: expect.stringContaining(variable),
      });
    }
  });
});

describe('an archive whose key was set later', () => {
  it('is read with its plain objects only if that is asked for', async () => {
    const environment = {
      WALKBACK_ARCHIVE: root,
      WALG_LIBSODIUM_KEY: KEY,
      WALG_LIBSODIUM_KEY_TRANSFORM: 'hex',
    };
    const open = async (more: Record<string, string>) =>
      openArchive(await loadSettings({ environment: { ...environment, ...more }, workingDirectory: '/' }));
    await using strict = await open({});
    await strict.storedAs.put('wal_005/00000002.history', Buffer.from('1\t0/3000000\tno recovery target specified\n'));
    await strict.store.put('wal_005/00000003.history', Buffer.from('2\t0/4000000\tno recovery target specified\n'));
    await expect(strict.store.get('wal_005/00000002.history')).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('it is not encrypted (it is text)'),
    });
    await using lenient = await open({ WALKBACK_READ_UNENCRYPTED: 'true' });
    for (const number of [2, 3]) {
      const key = `wal_005/0000000${number}.history`;
      expect((await lenient.store.get(key))?.toString()).toContain('no recovery target');
      const streamed = await Array.fromAsync((await lenient.store.open(key)) ?? []);
      expect(Buffer.concat(streamed).toString()).toContain('no recovery target');
    }
  });
});
