/**
 * From settings to the cipher that an archive is read and written with. Keys are read, and checked, before anything else
 * is done with the archive.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import type { Cipher } from '../base/cipher.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { encryptionSettings, type EncryptionSettings, type KeyPlace } from '../config/encryption-settings.ts';
import type { Settings } from '../config/load-settings.ts';

async function readKeyFile({ path, source }: Extract<KeyPlace, { kind: 'file' }>): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new Failure('denied', {
      message: `cannot read the key file ${path}: ${messageOf(error)}`,
      remedy: `Correct ${source}, or let this user read the file.`,
      cause: error,
    });
  }
}

async function openLibsodium({ key, transform }: Extract<EncryptionSettings, { kind: 'libsodium' }>): Promise<Cipher> {
  const [{ libsodiumCipher }, { libsodiumKey, trimmedKeyFile }] = await Promise.all([
    import('../codec/libsodium/libsodium-cipher.ts'),
    import('../codec/libsodium/libsodium-key.ts'),
  ]);
  const given = key.kind === 'text' ? Buffer.from(key.text, 'utf8') : trimmedKeyFile(await readKeyFile(key));
  const source = key.kind === 'text' ? key.source : `${key.path} (${key.source})`;
  return libsodiumCipher(libsodiumKey({ given, transform, source }), key.source);
}

async function openOpenPgp({ key, passphrase }: Extract<EncryptionSettings, { kind: 'openpgp' }>): Promise<Cipher> {
  const [{ openPgpCipher }, { openKeyRing }] = await Promise.all([
    import('../codec/openpgp/openpgp-cipher.ts'),
    import('../codec/openpgp/key-ring.ts'),
  ]);
  const { source } = key;
  return openPgpCipher(await openKeyRing({ armored: await armoredKey(key, passphrase), passphrase, source }), source);
}

/** The armored keys; private ones where gpg has them. */
async function armoredKey(key: KeyPlace, passphrase: string | undefined): Promise<string> {
  switch (key.kind) {
    case 'text':
      return key.text;
    case 'file':
      return (await readKeyFile(key)).toString('utf8');
    case 'gpg': {
      const { exportFromGpg } = await import('./export-from-gpg.ts');
      return exportFromGpg(key.keyId, key.source, passphrase);
    }
  }
}

async function openNamed(encryption: EncryptionSettings): Promise<Cipher> {
  switch (encryption.kind) {
    case 'libsodium':
      return openLibsodium(encryption);
    case 'openpgp':
      return openOpenPgp(encryption);
  }
}

/** The cipher the settings ask for; `undefined` for none. @throws {Failure} `usage`, `refused`, `denied`. */
export async function openCipher(settings: Settings): Promise<Cipher | undefined> {
  const encryption = encryptionSettings(settings);
  if (encryption === undefined) return undefined;
  const cipher = await openNamed(encryption);
  if (!settings.get('readUnencrypted')) return cipher;
  const { readingUnencrypted } = await import('../codec/read-unencrypted.ts');
  return readingUnencrypted(cipher);
}
