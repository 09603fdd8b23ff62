/**
 * Which encryption the settings ask for.
 *
 * WAL-G takes the first kind that is set and says nothing of the others, takes an empty variable for one that is not set,
 * and ignores `WALG_GPG_KEY_ID` where `GPG_KEY_ID` is not set: each time objects may be written in plain that somebody
 * wanted encrypted, and cannot be taken back. Here these are errors.
 *
 * Source: WAL-G `internal/configure.go` (`ConfigureCrypterForSpecificConfig`).
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { refuseKeyServices } from './encryption-refusal.ts';
import { variablesOf, type Environment } from './environment.ts';
import type { Settings } from './load-settings.ts';
import type { SettingName } from './settings.ts';

/** Where a key is: in the setting itself, in a file, or in the key ring of gpg. `source` is the setting, for messages. */
export type KeyPlace =
  | { readonly kind: 'text'; readonly text: string; readonly source: string }
  | { readonly kind: 'file'; readonly path: string; readonly source: string }
  | { readonly kind: 'gpg'; readonly keyId: string; readonly source: string };

/** The encryption that is asked for. */
export type EncryptionSettings =
  | {
      readonly kind: 'libsodium';
      readonly key: Exclude<KeyPlace, { kind: 'gpg' }>;
      readonly transform: 'none' | 'base64' | 'hex' | undefined;
    }
  | { readonly kind: 'openpgp'; readonly key: KeyPlace; readonly passphrase: string | undefined };

const KEY_SETTINGS = ['libsodiumKey', 'libsodiumKeyFile', 'pgpKey', 'pgpKeyFile', 'gpgKeyId'] as const;
type KeySetting = (typeof KEY_SETTINGS)[number];

/** The variables that ask for encryption: an empty one of these is not one that is not set. */
export function encryptionVariables(): readonly string[] {
  const names: readonly SettingName[] = [...KEY_SETTINGS, 'libsodiumKeyTransform', 'pgpKeyPassphrase'];
  return names.flatMap(variablesOf);
}

/** A variable that is there and empty: somebody's script has not found the key. */
function refuseEmpty(environment: Environment): void {
  const empty = encryptionVariables().find((variable) => environment[variable] === '');
  if (empty === undefined) return;
  throw new Failure('usage', {
    message: `cannot tell whether to encrypt: ${empty} is set, and empty`,
    remedy: `Put the key into ${empty}, or unset it to write without encryption.`,
  });
}

function placeOf(name: KeySetting, settings: Settings): KeyPlace | undefined {
  const found = settings.find(name);
  const value = settings.get(name);
  if (found === undefined || value === undefined) return undefined;
  const source = found.source.where;
  if (name === 'gpgKeyId') return { kind: 'gpg', keyId: value, source };
  return name === 'libsodiumKey' || name === 'pgpKey'
    ? { kind: 'text', text: value, source }
    : { kind: 'file', path: value, source };
}

/** The one key that is set. */
function onlyKey(settings: Settings): { readonly name: KeySetting; readonly place: KeyPlace } | undefined {
  const set = KEY_SETTINGS.flatMap((name) => {
    const place = placeOf(name, settings);
    return place === undefined ? [] : [{ name, place }];
  });
  const [first, second] = set;
  if (second === undefined || first === undefined) return first;
  throw new Failure('usage', {
    message: `cannot tell which key to use: ${first.place.source} and ${second.place.source} are both set`,
    remedy: `Unset one of them. wal-g would use ${first.place.source.includes('LIBSODIUM') && !second.place.source.includes('LIBSODIUM') ? second.place.source : first.place.source}.`,
  });
}

/** The encryption the settings ask for; `undefined` for none. @throws {Failure} `usage`, `refused`. */
export function encryptionSettings(settings: Settings): EncryptionSettings | undefined {
  refuseKeyServices(settings.environment);
  refuseEmpty(settings.environment);
  const key = onlyKey(settings);
  if (key === undefined) return refuseUseless(settings);
  const { name, place } = key;
  if (place.kind !== 'gpg' && (name === 'libsodiumKey' || name === 'libsodiumKeyFile')) {
    return { kind: 'libsodium', key: place, transform: settings.get('libsodiumKeyTransform') };
  }
  return { kind: 'openpgp', key: place, passphrase: settings.get('pgpKeyPassphrase') };
}

/** Settings that only mean something with a key: with none, somebody believes that there is one. */
function refuseUseless(settings: Settings): undefined {
  const found = settings.find('libsodiumKeyTransform') ?? settings.find('pgpKeyPassphrase');
  if (found === undefined) return undefined;
  throw new Failure('usage', {
    message: `cannot tell whether to encrypt: ${found.source.where} is set, and no key is`,
    remedy: `Set the key too, or unset ${found.source.where} to write without encryption.`,
  });
}
