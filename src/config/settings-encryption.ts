/**
 * Settings of encryption: the key that objects are encrypted with before they are stored.
 *
 * Source of the other names: WAL-G's `internal/config/config.go` and `internal/configure.go`.
 *
 * @module
 */

import { walgNames, type Setting } from './setting.ts';
import { boolean, choice, path, text } from './value-kind.ts';

/** Settings of encryption. */
export const ENCRYPTION_SETTINGS = {
  libsodiumKey: {
    group: 'archive',
    kind: text,
    summary:
      'The libsodium key that objects are encrypted with, as WAL-G takes it: every character counts. Not together with an OpenPGP key.',
    example: '(a secret)',
    alsoFrom: ['WALG_LIBSODIUM_KEY'],
    secret: true,
  },
  libsodiumKeyFile: {
    group: 'archive',
    kind: path,
    summary: 'A file with the libsodium key; white space around it does not count.',
    example: '/etc/walkback/archive.key',
    alsoFrom: ['WALG_LIBSODIUM_KEY_PATH'],
  },
  libsodiumKeyTransform: {
    group: 'archive',
    kind: choice(['none', 'base64', 'hex']),
    summary:
      'How the libsodium key becomes its 32 bytes. Absent: the text itself, as with "none", where it cannot be meant as base64 or hex.',
    example: 'hex',
    alsoFrom: ['WALG_LIBSODIUM_KEY_TRANSFORM'],
  },
  pgpKey: {
    group: 'archive',
    kind: text,
    summary:
      'The armored OpenPGP key that objects are encrypted to; a public key is enough to write, reading needs the private one. "\\n" stands for a line end.',
    example: '(a secret)',
    alsoFrom: ['WALG_PGP_KEY'],
    secret: true,
  },
  pgpKeyFile: {
    group: 'archive',
    kind: path,
    summary: 'A file with the armored OpenPGP key or keys.',
    example: '/etc/walkback/archive.asc',
    alsoFrom: ['WALG_PGP_KEY_PATH'],
  },
  pgpKeyPassphrase: {
    group: 'archive',
    kind: text,
    summary: 'The passphrase that unlocks the private OpenPGP key.',
    example: '(a secret)',
    alsoFrom: ['WALG_PGP_KEY_PASSPHRASE'],
    secret: true,
  },
  gpgKeyId: {
    group: 'archive',
    kind: text,
    summary: 'The OpenPGP key by its id or address in the key ring of gpg, which is asked for it.',
    example: 'backup@example.net',
    alsoFrom: walgNames('GPG_KEY_ID'),
  },
  readUnencrypted: {
    group: 'archive',
    kind: boolean,
    summary:
      'Also read objects that are not encrypted, where a key is set: those from before it was. Whoever can write to the archive can then replace what is in it.',
    default: 'false',
    example: 'true',
  },
} as const satisfies Record<string, Setting>;
