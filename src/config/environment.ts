/**
 * The process's environment: the only place that reads it.
 *
 * An empty variable counts as unset, as for WAL-G. A `WALKBACK_…` variable that is no setting is an error: it is a slip,
 * and what it was meant to change would silently not happen.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { nearestName } from '../base/nearest-name.ts';
import { environmentName } from './setting.ts';
import { SETTING_NAMES, settingOf, type SettingName } from './settings.ts';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Names the file of settings; not a setting itself. */
export const CONFIG_VARIABLE = 'WALKBACK_CONFIG';

/** Names the directory of variables that count before the environment's own, where `--env-dir` is not given. */
export const ENV_DIRECTORY_VARIABLE = 'WALKBACK_ENV_DIR';

/** Variables that are no settings, with what they do: those two, and those of the two shell scripts of the spool. */
export const OTHER_VARIABLES: Readonly<Record<string, string>> = {
  [CONFIG_VARIABLE]: 'The file of settings to read.',
  [ENV_DIRECTORY_VARIABLE]: 'A directory with one file for each variable, as `--env-dir`; these count before others.',
  WALKBACK_ARCHIVE_WAIT_S: 'Seconds that walkback-archive waits for the agent to push a file (20).',
  WALKBACK_RESTORE_WAIT_S: 'Seconds that walkback-restore waits for the agent to answer (300; 30 on a replica).',
  WALKBACK_AGENT_SILENCE_S: 'Seconds of silence after which both scripts take the agent for dead (10).',
  WALKBACK_ONLY_AGENT: 'yes: walkback-restore waits for the agent alone, and never calls the program.',
};

/** The environment that this process was started with. */
export function processEnvironment(): Environment {
  return process.env;
}

/** Changes the environment that this process was started with; `undefined` unsets a variable. Answers the whole of it. */
export function overlayProcessEnvironment(variables: Environment): Environment {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  return process.env;
}

/** The variables that a setting is looked up in, first to last. */
export function variablesOf(name: SettingName): readonly string[] {
  return [environmentName(name), ...(settingOf(name).alsoFrom ?? [])];
}

/** True for a variable that some setting is looked up in. */
export function isSettingVariable(variable: string): boolean {
  return SETTING_NAMES.some((name) => variablesOf(name).includes(variable));
}

/** A setting's text and the variable it is in; `undefined` if none of its variables is set. */
export function lookUp(name: SettingName, environment: Environment): { variable: string; text: string } | undefined {
  for (const variable of variablesOf(name)) {
    const value = environment[variable];
    if (value !== undefined && value !== '') return { variable, text: value };
  }
  return undefined;
}

/** @throws {Failure} `usage` for a `WALKBACK_…` variable that is no setting, with the nearest one. */
export function refuseUnknownVariables(environment: Environment): void {
  const known = new Set([...Object.keys(OTHER_VARIABLES), ...SETTING_NAMES.map(environmentName)]);
  const unknown = Object.keys(environment).find((variable) => variable.startsWith('WALKBACK_') && !known.has(variable));
  if (unknown === undefined) return;
  const nearest = nearestName(unknown, known);
  throw new Failure('usage', {
    message: `cannot use the environment variable ${unknown}: there is no such setting`,
    remedy:
      nearest === undefined
        ? 'Unset it; "walkback config show" lists the settings there are.'
        : `Did you mean ${nearest}? Otherwise unset it.`,
  });
}
