/**
 * Every setting of WAL-G by its variable: those that are read, those that are refused, and those that change nothing.
 *
 * @module
 */

import { KEY_SERVICES, OF_KEY_SERVICES } from '../../config/encryption-refusal.ts';
import { isSettingVariable, variablesOf } from '../../config/environment.ts';
import { UNSUPPORTED_S3 } from '../../config/s3-refusal.ts';
import { SETTING_NAMES, settingOf } from '../../config/settings.ts';
import { UNREAD_SETTINGS } from './unread-settings.ts';

/** Read by WAL-G's commands here, or by a library, and no settings of walkback. */
const READ_ELSEWHERE: readonly string[] = [
  'WALG_FETCH_TARGET_USER_DATA',
  'WALG_INTEGRITY_MAX_DELAYED_WALS',
  'WALG_LOG_LEVEL',
  'WALG_PREFETCH_DIR',
  'WALG_SENTINEL_USER_DATA',
  'WALG_TARGET_STORAGE',
  'WALG_WITHOUT_FILES_METADATA',
  'AWS_CONFIG_FILE',
  'AWS_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'PGPASSFILE',
];

/** Of stores that are not supported; their prefix is refused. */
const OF_OTHER_STORES = /^(?:WAL[GE]_(?:OSS|SWIFT)_PREFIX|OSS_[A-Z_]+|OS_[A-Z_]+)$/;

/** Means nothing for WAL-G either. */
const FOR_OTHER_PROGRAMS: readonly string[] = ['AWS_DEFAULT_OUTPUT'];

const KNOWN: ReadonlySet<string> = new Set([
  ...READ_ELSEWHERE,
  ...KEY_SERVICES,
  ...OF_KEY_SERVICES,
  ...UNSUPPORTED_S3.flatMap(({ names }) => names),
  ...UNREAD_SETTINGS.flatMap(({ variables }) => variables),
  ...FOR_OTHER_PROGRAMS,
]);

/** True for a variable that is a setting of WAL-G's: then it is a flag of every command too. */
export function isWalgVariable(variable: string): boolean {
  return isSettingVariable(variable) || KNOWN.has(variable) || OF_OTHER_STORES.test(variable);
}

/** The flag of a variable: `--walg-s3-prefix`. */
export function flagOfVariable(variable: string): string {
  return `--${variable.toLowerCase().replaceAll('_', '-')}`;
}

/** The variable of a flag. */
export function variableOfFlag(flag: string): string {
  return flag.replace(/^--/, '').replaceAll('-', '_').toUpperCase();
}

/** True for a variable that must not be seen by others. */
export function isSecretVariable(variable: string): boolean {
  const isOurs = SETTING_NAMES.some((name) => settingOf(name).secret === true && variablesOf(name).includes(variable));
  return isOurs || variable === 'WALG_ENVELOPE_PGP_KEY' || /_(?:PASSWORD|SECRET|TOKEN)$/.test(variable);
}
