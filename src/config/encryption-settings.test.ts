import { describe, expect, it } from 'vitest';

import { KEY_SERVICES } from './encryption-refusal.ts';
import { encryptionSettings } from './encryption-settings.ts';
import { loadSettings } from './load-settings.ts';

const settingsOf = async (environment: Record<string, string>) =>
  encryptionSettings(await loadSettings({ environment, workingDirectory: '/' }));

describe('the encryption that settings ask for', () => {
  it('is none where no key is set', async () => {
    expect(await settingsOf({ WALG_COMPRESSION_METHOD: 'lz4' })).toBeUndefined();
  });

  it('is libsodium, with its key in the setting or a file', async () => {
    expect(await settingsOf({ WALG_LIBSODIUM_KEY: 'k', WALG_LIBSODIUM_KEY_TRANSFORM: 'hex' })).toEqual({
      kind: 'libsodium',
      key: { kind: 'text', text: 'k', source: 'WALG_LIBSODIUM_KEY' },
      transform: 'hex',
    });
    expect(await settingsOf({ WALG_LIBSODIUM_KEY_PATH: '/k' })).toEqual({
      kind: 'libsodium',
      key: { kind: 'file', path: '/k', source: 'WALG_LIBSODIUM_KEY_PATH' },
      transform: undefined,
    });
  });

  it.each(['GPG_KEY_ID', 'WALG_GPG_KEY_ID', 'WALE_GPG_KEY_ID'])(
    'is OpenPGP for a key id alone, which WAL-G may ignore: %s',
    async (variable) => {
      expect(await settingsOf({ [variable]: 'ABCD' })).toEqual({
        kind: 'openpgp',
        key: { kind: 'gpg', keyId: 'ABCD', source: variable },
        passphrase: undefined,
      });
    },
  );

  it('is OpenPGP, with its passphrase', async () => {
    expect(await settingsOf({ WALG_PGP_KEY: 'armor', WALG_PGP_KEY_PASSPHRASE: 'secret' })).toEqual({
      kind: 'openpgp',
      key: { kind: 'text', text: 'armor', source: 'WALG_PGP_KEY' },
      passphrase: 'secret',
    });
  });

  it.each<[string, Record<string, string>, string]>([
    ['an empty key', { WALG_LIBSODIUM_KEY: '' }, 'WALG_LIBSODIUM_KEY is set, and empty'],
    ['an empty key path', { WALG_PGP_KEY_PATH: '' }, 'WALG_PGP_KEY_PATH is set, and empty'],
    ['an empty key id', { WALG_GPG_KEY_ID: '' }, 'WALG_GPG_KEY_ID is set, and empty'],
    ['a transform without a key', { WALG_LIBSODIUM_KEY_TRANSFORM: 'hex' }, 'and no key is'],
    ['a passphrase without a key', { WALG_PGP_KEY_PASSPHRASE: 'x' }, 'WALG_PGP_KEY_PASSPHRASE is set, and no key is'],
    ['two kinds of keys', { WALG_LIBSODIUM_KEY: 'a', WALG_PGP_KEY: 'b' }, 'are both set'],
    ['two places of a key', { WALG_PGP_KEY: 'a', WALG_PGP_KEY_PATH: '/b' }, 'are both set'],
    ['an unknown transform', { WALG_LIBSODIUM_KEY: 'a', WALG_LIBSODIUM_KEY_TRANSFORM: 'HEX' }, 'expected one of'],
  ])('cannot be told with %s', async (_, environment, found) => {
    await expect(settingsOf(environment)).rejects.toMatchObject({
      kind: 'usage',
      message: expect.stringContaining(found),
    });
  });

  it.each(KEY_SERVICES)('is refused with a key service: %s', async (variable) => {
    for (const beside of [
      {},
      { WALG_LIBSODIUM_KEY: 'k', WALG_LIBSODIUM_KEY_TRANSFORM: 'none' },
      { WALG_PGP_KEY: 'b' },
    ]) {
      const refused: unknown = await settingsOf({ ...beside, [variable]: 'hunter2' }).catch(
        (thrown: unknown) => thrown,
      );
      expect(refused).toMatchObject({
        kind: 'refused',
        message: expect.stringContaining(`${variable} asks for encryption with a key service`),
        remedy: expect.stringContaining('Go on with wal-g for this archive, or begin a new one'),
      });
      expect(String(refused)).not.toContain('hunter2');
    }
  });
});
