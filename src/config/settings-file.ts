/**
 * `walkback.yaml`: settings by name, one a line.
 *
 * An unknown key is an error with the nearest name. A file that others can read and that holds a secret gives a warning.
 *
 * @module
 */

import { readFile, stat } from 'node:fs/promises';

import { Failure, messageOf } from '../base/failure.ts';
import { nearestName } from '../base/nearest-name.ts';
import { kebabCase } from './setting.ts';
import { SETTING_NAMES, settingOf, type SettingName } from './settings.ts';

/** What a file said: each setting as text. */
export interface SettingsFile {
  readonly path: string;
  readonly texts: ReadonlyMap<SettingName, string>;
  readonly warnings: readonly string[];
}

const LARGEST_FILE_BYTES = 1024 ** 2;

/** The settings that a file may hold, by their key. */
const KEYS: ReadonlyMap<string, SettingName> = new Map(
  SETTING_NAMES.filter((name) => settingOf(name).environmentOnly !== true).map((name) => [kebabCase(name), name]),
);

function broken(path: string, found: string, remedy: string, cause?: unknown): Failure {
  return new Failure('usage', { message: `cannot use ${path}: ${found}`, remedy, cause });
}

/** One value as the text that the environment would hold. */
function textOf(value: unknown, path: string, key: string): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw broken(path, `"${key}" must be one value`, `Write "${key}: VALUE" on one line.`);
}

function settingFor(key: string, path: string): SettingName {
  const name = KEYS.get(key);
  if (name !== undefined) return name;
  const nearest = nearestName(key, KEYS.keys());
  const hint = nearest === undefined ? 'Remove it' : `Did you mean "${nearest}"? Otherwise remove it`;
  throw broken(path, `there is no setting "${key}"`, `${hint}; "walkback config show" lists the settings there are.`);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Reads the text of a file. @throws {Failure} `usage` for anything that is not known settings with one value each. */
export async function parseSettingsFile(text: string, path: string): Promise<Map<SettingName, string>> {
  // Loaded here, so that commands without a file do not pay for it.
  const { parseYaml } = await import('../base/yaml.ts');
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw broken(
      path,
      messageOf(error).split('\n')[0] ?? 'not YAML',
      'Correct the file; it is YAML with one "name: value" a line.',
      error,
    );
  }
  if (document === null) return new Map();
  if (!isMapping(document)) throw broken(path, 'it holds no settings', 'Write one "name: value" a line.');
  const texts = new Map<SettingName, string>();
  for (const [key, value] of Object.entries(document)) {
    const name = settingFor(key, path);
    if (value !== null) texts.set(name, textOf(value, path, key));
  }
  return texts;
}

/** Reads a file of settings; `undefined` if there is none at `path`. @throws {Failure} `usage`, `denied`. */
export async function readSettingsFile(path: string): Promise<SettingsFile | undefined> {
  let text: string;
  let mode: number;
  try {
    const found = await stat(path);
    if (found.size > LARGEST_FILE_BYTES) throw broken(path, 'it is larger than 1 MB', 'Name a file of settings.');
    mode = found.mode;
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    if (error instanceof Failure) throw error;
    throw new Failure('denied', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: `Let this user read it, or name another file with --config.`,
      cause: error,
    });
  }
  const texts = await parseSettingsFile(text, path);
  const secrets = [...texts.keys()].filter((name) => settingOf(name).secret === true).map(kebabCase);
  const isOpen = (mode & 0o077) !== 0 && secrets.length > 0;
  const warnings = isOpen ? [`${path} holds ${secrets.join(', ')} and others can read it: chmod 600 ${path}`] : [];
  return { path, texts, warnings };
}
