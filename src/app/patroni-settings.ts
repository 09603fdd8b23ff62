/**
 * Settings that Patroni's own configuration answers: where the data is, whose cluster it is, and as whom to connect.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { JsonObject } from '../cluster/patroni/dcs-keys.ts';
import { openDcs, type PatroniDcs } from '../cluster/patroni/dcs.ts';
import { parseConfiguration, type PatroniConfiguration } from '../cluster/patroni/patroni-configuration.ts';
import type { SettingText, Settings } from '../config/load-settings.ts';
import type { SettingName } from '../config/settings.ts';

/** Patroni as the settings name it. */
export interface NamedPatroni {
  readonly configFile: string;
  readonly dcs: PatroniDcs;
  readonly configuration: PatroniConfiguration;
  /** All of it, as Patroni reads it; holds passwords. */
  readonly raw: JsonObject;
  /** The settings with what its configuration answers. */
  readonly settings: Settings;
}

function foundIn(configuration: PatroniConfiguration, settings: Settings, configFile: string) {
  const found = new Map<SettingName, SettingText>();
  const add = (name: SettingName, text: string | undefined): void => {
    if (text !== undefined) found.set(name, { text, source: { kind: 'found', where: configFile } });
  };
  const superuser = configuration.roles.find(({ purpose }) => purpose === 'superuser');
  add('dataDirectory', configuration.dataDirectory);
  add('binDirectory', configuration.binDirectory === '' ? undefined : configuration.binDirectory);
  add('clusterName', configuration.scope);
  const isUserSet = settings.find('pgUser')?.source.kind !== 'default';
  if (!isUserSet) add('pgUser', superuser?.user);
  if (!isUserSet || settings.get('pgUser') === superuser?.user) add('pgPassword', superuser?.password);
  return found;
}

/** A data directory that is set must be the one that Patroni runs: a recovery exchanges it. */
function checkDataDirectory(settings: Settings, { dataDirectory }: PatroniConfiguration, configFile: string): void {
  const set = settings.get('dataDirectory');
  if (set === undefined || set === dataDirectory) return;
  throw new Failure('usage', {
    message: `cannot tell which data directory is meant: ${set} is set, and Patroni runs ${dataDirectory} (${configFile})`,
    remedy: 'Correct data-directory (PGDATA) or patroni-config; without data-directory, that of Patroni is used.',
  });
}

/**
 * Patroni of the settings; `undefined` for a cluster that it does not run.
 *
 * @throws {Failure} `usage` if its configuration cannot be read.
 */
export async function readPatroni(settings: Settings): Promise<NamedPatroni | undefined> {
  if (settings.get('clusterKind') !== 'patroni') return undefined;
  const configFile = settings.require('patroniConfig', 'tell which member of a Patroni cluster this is');
  const python = settings.get('patroniPython');
  const dcs = openDcs({ patroniConfig: configFile, python: python === undefined ? undefined : [python] });
  const raw = await dcs.configuration();
  const configuration = parseConfiguration(raw, configFile);
  checkDataDirectory(settings, configuration, configFile);
  return {
    configFile,
    dcs,
    configuration,
    raw,
    settings: settings.withFound(foundIn(configuration, settings, configFile)),
  };
}

/** The settings of a member, for who only looks at its data: Patroni is asked where that is only if nothing else tells. */
export async function withDataDirectory(settings: Settings): Promise<Settings> {
  if (settings.get('dataDirectory') !== undefined) return settings;
  return (await readPatroni(settings))?.settings ?? settings;
}
