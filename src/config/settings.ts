/**
 * Every setting there is: the one definition behind environment, walkback.yaml, flags, `--help` and the reference page.
 *
 * The name here is the name everywhere: `uploadConcurrency` is `upload-concurrency` in walkback.yaml,
 * `--upload-concurrency` on the command line and `WALKBACK_UPLOAD_CONCURRENCY` in the environment. To add one, add an
 * entry to the table of its group and run `npm run reference`; code reads it with `settings.get('uploadConcurrency')`.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { AGENT_SETTINGS } from './settings-agent.ts';
import { ARCHIVE_SETTINGS } from './settings-archive.ts';
import { AZURE_SETTINGS } from './settings-azure.ts';
import { CONTROL_SETTINGS } from './settings-control.ts';
import { DELTA_SETTINGS } from './settings-delta.ts';
import { ENCRYPTION_SETTINGS } from './settings-encryption.ts';
import { GCS_SETTINGS } from './settings-gcs.ts';
import { KEEP_SETTINGS } from './settings-keep.ts';
import { KUBERNETES_SETTINGS } from './settings-kubernetes.ts';
import { NETWORK_SETTINGS } from './settings-network.ts';
import { PATRONI_SETTINGS } from './settings-patroni.ts';
import { S3_SETTINGS } from './settings-s3.ts';
import { SERVER_SETTINGS } from './settings-server.ts';
import { SSH_SETTINGS } from './settings-ssh.ts';

/** All settings by name. */
export const SETTINGS = {
  ...ARCHIVE_SETTINGS,
  ...DELTA_SETTINGS,
  ...ENCRYPTION_SETTINGS,
  ...S3_SETTINGS,
  ...GCS_SETTINGS,
  ...AZURE_SETTINGS,
  ...SSH_SETTINGS,
  ...NETWORK_SETTINGS,
  ...SERVER_SETTINGS,
  ...PATRONI_SETTINGS,
  ...KUBERNETES_SETTINGS,
  ...KEEP_SETTINGS,
  ...AGENT_SETTINGS,
  ...CONTROL_SETTINGS,
} as const;

/** The name of a setting, in code. */
export type SettingName = keyof typeof SETTINGS;

type ValueOf<S> = S extends Setting<infer T> ? (S extends { readonly default: string } ? T : T | undefined) : never;

/** The value that each setting has: absent ones only where there is no default. */
export type SettingValues = { readonly [K in SettingName]: ValueOf<(typeof SETTINGS)[K]> };

function isSettingName(name: string): name is SettingName {
  return name in SETTINGS;
}

/** The names of all settings, in the order of the reference page. */
export const SETTING_NAMES: readonly SettingName[] = Object.keys(SETTINGS).filter(isSettingName);

/** The definition of one setting. */
export function settingOf(name: SettingName): Setting {
  return SETTINGS[name];
}
