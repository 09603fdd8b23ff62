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

async function openNamed(encryption: EncryptionSettings): Promise<Cipher> {
  switch (encryption.kind) {
    case 'libsodium':
      return openLibsodium(encryption);
    case 'openpgp':
      throw new Failure('refused', {
        message: 'cannot use this archive: OpenPGP is not supported',
        remedy: 'Go on with wal-g for this archive.',
      });
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
