/**
 * OpenPGP with the real gpg: keys taken from its key ring, and messages between it and us, both ways.
 */

import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { openCipher } from '../../src/app/open-cipher.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { pages } from '../support/pieces.ts';

const run = promisify(execFile);
const hasGpg = spawnSync('gpg', ['--version']).status === 0;
if (!hasGpg) console.log('SKIPPED: no gpg here: nothing is shown of keys in its key ring');

const PASSPHRASE = 'open sesame';
const homeBefore = process.env['GNUPGHOME'];

describe.skipIf(!hasGpg)('a key in the key ring of gpg', () => {
  let home = '';
  const gpg = async (...args: string[]): Promise<string> => {
    const quiet = ['--homedir', home, '--batch', '--yes', '--pinentry-mode', 'loopback'];
    return (await run('gpg', [...quiet, ...args])).stdout;
  };
  const cipherOf = async (keyId: string, passphrase?: string) => {
    const secret = passphrase === undefined ? {} : { WALG_PGP_KEY_PASSPHRASE: passphrase };
    const environment = { WALG_GPG_KEY_ID: keyId, ...secret };
    const cipher = await openCipher(await loadSettings({ environment, workingDirectory: '/' }));
    if (cipher === undefined) throw new Error('no cipher');
    return cipher;
  };

  beforeAll(async () => {
    // Short: the agent's socket is in it.
    home = await mkdtemp(join(tmpdir(), 'wb-gpg-'));
    process.env['GNUPGHOME'] = home;
    await gpg('--passphrase', '', '--quick-generate-key', 'plain@example.net', 'rsa2048', 'cert,sign,encrypt', 'never');
    await gpg(
      '--passphrase',
      PASSPHRASE,
      '--quick-generate-key',
      'locked@example.net',
      'future-default',
      'default',
      'never',
    );
  });

  afterAll(async () => {
    spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
    if (homeBefore === undefined) delete process.env['GNUPGHOME'];
    else process.env['GNUPGHOME'] = homeBefore;
    await rm(home, { recursive: true, force: true });
  });

  it.each([
    ['plain@example.net', undefined],
    ['locked@example.net', PASSPHRASE],
  ])('encrypts what gpg decrypts, and decrypts it itself: %s', async (keyId, passphrase) => {
    const plain = pages(700_000);
    const cipher = await cipherOf(keyId, passphrase);
    const stored = await cipher.encrypt(plain);
    expect((await cipher.decrypt(stored, 'x')).equals(plain)).toBe(true);
    await writeFile(join(home, 'message'), stored);
    await gpg('--passphrase', passphrase ?? '', '--output', join(home, 'plain'), '--decrypt', join(home, 'message'));
    expect((await readFile(join(home, 'plain'))).equals(plain)).toBe(true);
  });

  it('decrypts what gpg encrypts without compressing it', async () => {
    await writeFile(join(home, 'plain'), pages(200_000));
    for (const name of ['plain', 'locked']) {
      const to = `${name}@example.net`;
      const args = ['--trust-model', 'always', '--compress-algo', 'none', '--recipient', to];
      await gpg(...args, '--output', join(home, 'message'), '--encrypt', join(home, 'plain'));
      const cipher = await cipherOf(to, name === 'locked' ? PASSPHRASE : undefined);
      expect((await cipher.decrypt(await readFile(join(home, 'message')), 'x')).equals(pages(200_000))).toBe(true);
    }
  });

  it('that is locked can write without its passphrase, and says so when it should read', async () => {
    const cipher = await cipherOf('locked@example.net');
    const stored = await cipher.encrypt(Buffer.from('text'));
    await expect(cipher.decrypt(stored, 'x')).rejects.toMatchObject({ kind: 'denied' });
  });

  it('that is not there is an error, and never plain objects', async () => {
    await expect(cipherOf('nobody@example.net')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('cannot take the key "nobody@example.net" of WALG_GPG_KEY_ID from gpg'),
    });
  });
});
