/**
 * The settings of one run: flag before environment before file before default.
 *
 * Values are read when they are asked for, so that a slip in a setting that a command does not use cannot stop it:
 * `wal fetch` goes on when the time zone is misspelt.
 *
 * @module
 */

import { resolve } from 'node:path';

import { Failure } from '../base/failure.ts';
import {
  CONFIG_VARIABLE,
  lookUp,
  processEnvironment,
  refuseUnknownVariables,
  variablesOf,
  type Environment,
} from './environment.ts';
import { kebabCase, type Setting, type SettingGroup } from './setting.ts';
import { readSettingsFile, type SettingsFile } from './settings-file.ts';
import { SETTING_NAMES, settingOf, type SettingName, type SettingValues } from './settings.ts';

/** Where a value came from, as one would look for it: `--tz`, `PGDATA`, `/etc/walkback/walkback.yaml`, `default`. */
export interface SettingSource {
  readonly kind: 'flag' | 'environment' | 'file' | 'found' | 'default';
  readonly where: string;
}

/** A setting's text before it is read as its kind. */
export interface SettingText {
  readonly text: string;
  readonly source: SettingSource;
}

/** What {@link loadSettings} reads from. */
export interface SettingSources {
  /** Flags given, as text. */
  readonly flags?: ReadonlyMap<SettingName, string>;
  /** `--config`. */
  readonly configPath?: string | undefined;
  readonly environment?: Environment;
  readonly workingDirectory?: string;
}

/** The name of a setting's flag, with its dashes. */
export function flagOf(name: SettingName): string {
  return `--${settingOf(name).flag ?? kebabCase(name)}`;
}

/** The settings of one run. */
export class Settings {
  readonly environment: Environment;
  /** The file that was read, if any. */
  readonly file: SettingsFile | undefined;
  readonly #flags: ReadonlyMap<SettingName, string>;
  readonly #found: ReadonlyMap<SettingName, SettingText>;

  constructor(
    flags: ReadonlyMap<SettingName, string>,
    environment: Environment,
    file: SettingsFile | undefined,
    found: ReadonlyMap<SettingName, SettingText> = new Map(),
  ) {
    this.#flags = flags;
    this.environment = environment;
    this.file = file;
    this.#found = found;
  }

  /** The same with values found elsewhere, such as Patroni's configuration, for what is not set. */
  withFound(found: ReadonlyMap<SettingName, SettingText>): Settings {
    return new Settings(this.#flags, this.environment, this.file, found);
  }

  /**
   * The same with some variables and some settings of the file in place of others. Flags stay: what is typed decides.
   *
   * @param isKept what stays of the environment and of the file.
   */
  withEnvironment(variables: Environment, isKept: (name: SettingName) => boolean): Settings {
    const gone = new Set(SETTING_NAMES.filter((name) => !isKept(name)).flatMap(variablesOf));
    const own = Object.entries(this.environment).filter(([variable]) => !gone.has(variable));
    const file = this.file && {
      ...this.file,
      texts: new Map([...this.file.texts].filter(([name]) => isKept(name))),
    };
    return new Settings(this.#flags, { ...Object.fromEntries(own), ...variables }, file, this.#found);
  }

  /** Things to tell the operator that do not stop the run. */
  get warnings(): readonly string[] {
    return this.file?.warnings ?? [];
  }

  /** A setting as it was written, and where; `undefined` if it is set nowhere and has no default. */
  find(name: SettingName): SettingText | undefined {
    const flag = this.#flags.get(name);
    if (flag !== undefined) return { text: flag, source: { kind: 'flag', where: flagOf(name) } };
    const variable = lookUp(name, this.environment);
    if (variable !== undefined)
      return { text: variable.text, source: { kind: 'environment', where: variable.variable } };
    const inFile = this.file?.texts.get(name);
    if (inFile !== undefined && this.file !== undefined) {
      return { text: inFile, source: { kind: 'file', where: this.file.path } };
    }
    const found = this.#found.get(name);
    if (found !== undefined) return found;
    const fallback = settingOf(name).default;
    return fallback === undefined ? undefined : { text: fallback, source: { kind: 'default', where: 'default' } };
  }

  /** True if somebody has set it: what it has is not its default. */
  isSet(name: SettingName): boolean {
    const found = this.find(name);
    return found !== undefined && found.source.kind !== 'default';
  }

  /** The value of a setting. @throws {Failure} `usage` if what is set is not of its kind. */
  get<K extends SettingName>(name: K): SettingValues[K];
  get(name: SettingName): unknown {
    const found = this.find(name);
    return found === undefined ? undefined : readValue(settingOf(name), found, name);
  }

  /** A setting as it may be shown: checked, secrets masked. @throws {Failure} `usage` as {@link get}. */
  shown(name: SettingName): { readonly value: string | undefined; readonly from: string | undefined } {
    const found = this.find(name);
    if (found === undefined) return { value: undefined, from: undefined };
    this.get(name);
    return { value: settingOf(name).secret === true ? '********' : found.text, from: found.source.where };
  }

  /** One line for each setting of some groups that is set. */
  describe(groups: readonly SettingGroup[]): string[] {
    return SETTING_NAMES.filter((name) => groups.includes(settingOf(name).group)).flatMap((name) => {
      const { value, from } = this.shown(name);
      return value === undefined || from === 'default' ? [] : [`${kebabCase(name)} = ${value} (${from ?? ''})`];
    });
  }

  /** The value of a setting that the command cannot do without. @throws {Failure} `usage` if it is not set. */
  require<K extends SettingName>(name: K, purpose: string): NonNullable<SettingValues[K]> {
    const value = this.get(name);
    if (value !== undefined && value !== null) return value;
    const setting = settingOf(name);
    const flag = setting.secret === true ? '' : `${flagOf(name)} ${setting.example}, or `;
    const variable = setting.alsoFrom?.[0] ?? `"${kebabCase(name)}" in walkback.yaml`;
    throw new Failure('usage', {
      message: `cannot ${purpose}: ${kebabCase(name)} is not set`,
      remedy: `Give ${flag}set ${variable}.`,
    });
  }
}

/** Settings that something was opened for: disposed of at the end. */
export interface SettingsInUse extends AsyncDisposable {
  readonly settings: Settings;
}

/** True if the cluster is one in a namespace: it is said, or its StatefulSet or scope is named. */
export function isInKubernetes(settings: Settings): boolean {
  const isNamed = settings.find('statefulset') !== undefined || settings.find('patroniScope') !== undefined;
  return isNamed || settings.get('clusterKind') === 'kubernetes';
}

function readValue(setting: Setting, found: SettingText, name: SettingName): unknown {
  const isPathFlag = setting.kind.isPath === true && found.source.kind === 'flag' && !found.text.includes('://');
  const value = setting.kind.parse(isPathFlag && found.text !== '' ? resolve(found.text) : found.text);
  if (value !== undefined) return value;
  const shown = setting.secret === true ? 'its value' : JSON.stringify(found.text);
  const where = found.source.kind === 'file' ? `${kebabCase(name)} in ${found.source.where}` : found.source.where;
  throw new Failure('usage', {
    message: `cannot use ${shown} of ${where}: expected ${setting.kind.expects}`,
    remedy: setting.secret === true ? `Correct ${where}.` : `Correct it; an example: ${setting.example}.`,
  });
}

const FILE_PLACES = ['walkback.yaml', '/etc/walkback/walkback.yaml'];

async function findFile(given: SettingSources, environment: Environment): Promise<SettingsFile | undefined> {
  const workingDirectory = given.workingDirectory ?? process.cwd();
  const variable = environment[CONFIG_VARIABLE];
  const named = given.configPath ?? (variable === '' ? undefined : variable);
  if (named !== undefined) {
    const file = await readSettingsFile(resolve(workingDirectory, named));
    if (file !== undefined) return file;
    throw new Failure('usage', {
      message: `cannot read ${resolve(workingDirectory, named)}: there is no such file`,
      remedy: `Correct ${given.configPath === undefined ? CONFIG_VARIABLE : '--config'}, or leave it out.`,
    });
  }
  for (const place of FILE_PLACES) {
    const file = await readSettingsFile(resolve(workingDirectory, place));
    if (file !== undefined) return file;
  }
  return undefined;
}

/**
 * Reads environment and file.
 *
 * @throws {Failure} `usage` for a `WALKBACK_…` variable or a key in the file that is no setting; `denied` for a file
 *   that cannot be read. Values are checked when they are asked for.
 */
export async function loadSettings(given: SettingSources = {}): Promise<Settings> {
  const environment = given.environment ?? processEnvironment();
  refuseUnknownVariables(environment);
  return new Settings(given.flags ?? new Map(), environment, await findFile(given, environment));
}
