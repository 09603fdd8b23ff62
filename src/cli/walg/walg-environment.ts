/**
 * WAL-G's own file of settings: read into the environment, below what the environment says itself.
 *
 * It is the file that `--config` names, or `WALG_CONFIG_PATH` (or `WALG_CONFIG`), or `~/.walg.json`, `~/.walg.yaml`,
 * `~/.walg.yml`. Its keys are the variables' names, in any case; values that are no text or number (a map of failover
 * storages) become JSON. Other formats that WAL-G reads (TOML, properties) are refused, not taken for empty.
 *
 * Source: WAL-G `internal/config.go` (`InitConfig`, `ReadConfigFromFile`, `bindConfigToEnv`).
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { extname, join } from 'node:path';

import { withoutStoreSettings } from '../../app/failover-stores.ts';
import { Failure, messageOf } from '../../base/failure.ts';
import { encryptionVariables } from '../../config/encryption-settings.ts';
import type { Environment } from '../../config/environment.ts';

const LARGEST_FILE_BYTES = 1024 ** 2;
const FILES_IN_HOME = ['.walg.json', '.walg.yaml', '.walg.yml'] as const;
const FORMATS: ReadonlySet<string> = new Set(['.json', '.yaml', '.yml']);

function unusable(path: string, found: string, remedy: string, cause?: unknown): Failure {
  return new Failure('usage', { message: `cannot use ${path}: ${found}`, remedy, cause });
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    const text = await readFile(path, 'utf8');
    if (text.length > LARGEST_FILE_BYTES) throw unusable(path, 'it is larger than 1 MB', 'Name a file of settings.');
    return text;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    if (error instanceof Failure) throw error;
    throw unusable(path, messageOf(error), 'Let this user read it, or name another file with --config.', error);
  }
}

/** A value as the environment would hold it; `undefined` for nothing. */
function variableText(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : JSON.stringify(value);
}

/** The variables that a file's text sets. @throws {Failure} `usage`; it tells nothing of the values. */
export async function parseWalgConfig(text: string, path: string): Promise<Map<string, string>> {
  if (!FORMATS.has(extname(path).toLowerCase())) {
    throw unusable(path, 'its format is not known', 'Write the settings as JSON or YAML: .json, .yaml, .yml.');
  }
  const { parseYaml } = await import('../../base/yaml.ts');
  let document: unknown;
  try {
    document = extname(path) === '.json' ? JSON.parse(text) : parseYaml(text);
  } catch {
    // The parser's own message may quote a secret.
    throw unusable(path, 'it is neither JSON nor YAML', 'Correct the file.');
  }
  if (document === null || document === undefined) return new Map();
  if (typeof document !== 'object' || Array.isArray(document)) {
    throw unusable(path, 'it holds no settings', 'Write one "NAME": "value" for each setting.');
  }
  return new Map(
    Object.entries(document).flatMap(([name, value]) => {
      const shown = variableText(value);
      return shown === undefined ? [] : [[name.toUpperCase(), shown] as const];
    }),
  );
}

async function namedFile(path: string): Promise<Map<string, string>> {
  const text = await textOf(path);
  if (text === undefined) {
    throw unusable(path, 'there is no such file', 'Correct --config or WALG_CONFIG_PATH, or leave it out.');
  }
  return parseWalgConfig(text, path);
}

async function fileInHome(home: string): Promise<Map<string, string>> {
  for (const name of FILES_IN_HOME) {
    const path = join(home, name);
    const text = await textOf(path);
    if (text !== undefined) return parseWalgConfig(text, path);
  }
  return new Map();
}

/** What {@link walgEnvironment} reads from. */
export interface WalgEnvironmentSources {
  /** `--config`. */
  readonly configPath?: string | undefined;
  readonly environment: Environment;
  /** Where `.walg.json` is looked for; the home directory of the user database unless told. */
  readonly home?: string;
}

/**
 * The environment with a file's settings below it. An empty variable counts as unset, as it does for WAL-G; but one for a key, which
 * nothing else sets, stays, and is refused when an archive is opened: somebody's script has not found the key.
 *
 * @throws {Failure} `usage`.
 */
export async function walgEnvironment({ configPath, environment, home }: WalgEnvironmentSources): Promise<Environment> {
  const named = configPath ?? [environment['WALG_CONFIG_PATH'], environment['WALG_CONFIG']].find((path) => path);
  const inFile = named === undefined ? await fileInHome(home ?? userInfo().homedir) : await namedFile(named);
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const emptyKeys = encryptionVariables().filter((variable) => environment[variable] === '');
  return {
    ...Object.fromEntries(emptyKeys.map((variable) => [variable, ''])),
    ...Object.fromEntries(inFile),
    ...Object.fromEntries(set),
  };
}

/** The environment that a file alone describes: nothing of the process's but what is no setting of an archive. */
export async function archiveEnvironment(path: string, environment: Environment): Promise<Environment> {
  const inFile = await namedFile(path);
  return { ...withoutStoreSettings(environment), ...Object.fromEntries(inFile) };
}
