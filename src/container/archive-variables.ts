/**
 * Variables that reach an archive: those that Spilo copies, and beyond them every one that is a setting of walkback's.
 *
 * @module
 */

import { variablesOf } from '../config/environment.ts';
import { SETTING_NAMES, settingOf, type SettingName } from '../config/settings.ts';
import type { StoreName } from './archive-store.ts';

const OWN_PREFIX: readonly (readonly [start: string, store: StoreName])[] = [
  ['s3', 'S3'],
  ['gcs', 'GS'],
  ['azure', 'AZ'],
  ['ssh', 'SSH'],
  ['file', 'FILE'],
];

/** The store that a setting is about; `undefined` for those of every store. */
function storeOf(name: SettingName): StoreName | undefined {
  return OWN_PREFIX.find(([start]) => new RegExp(`^${start}[A-Z]`).test(name))?.[1];
}

/** Where the archive is. Formed anew, not copied. */
const FORMED: readonly SettingName[] = [
  'archive',
  's3Prefix',
  'gcsPrefix',
  'azurePrefix',
  'sshPrefix',
  'filePrefix',
  's3ForcePathStyle',
  's3Endpoint',
  's3Region',
  's3Encryption',
  'compression',
];

function isCopied(name: SettingName, store: StoreName | undefined): boolean {
  const { group } = settingOf(name);
  const own = storeOf(name);
  return (group === 'archive' || group === 'writing') && (own === undefined || store === undefined || own === store);
}

const COPIED: ReadonlyMap<StoreName, readonly SettingName[]> = new Map(
  OWN_PREFIX.map(([, store]) => [
    store,
    SETTING_NAMES.filter((name) => isCopied(name, store) && !FORMED.includes(name)),
  ]),
);

/** The settings of an archive in a store that are handed on as they are. */
export function copiedSettings(store: StoreName): readonly SettingName[] {
  return COPIED.get(store) ?? [];
}

/** Every variable that a setting of an archive is looked up in. */
export const ARCHIVE_SETTING_VARIABLES: ReadonlySet<string> = new Set(
  SETTING_NAMES.filter((name) => isCopied(name, undefined)).flatMap(variablesOf),
);

/** True if the setting names a file that has to be there. */
export function isFileSetting(name: SettingName): boolean {
  return settingOf(name).kind.isPath === true && name !== 'sshAgent' && name !== 'archive';
}
