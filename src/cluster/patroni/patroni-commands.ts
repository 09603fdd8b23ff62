/**
 * How Patroni on this host is stopped and started: as the settings say, else by the systemd unit that it was seen in.
 *
 * In the middle of a cutover Patroni does not run, and nothing shows its unit any more: so that is kept in the folder of
 * recoveries.
 *
 * @module
 */

import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { makeFolder, syncFolder } from '../../instance/durable-rename.ts';
import type { PlaceProblem } from '../cluster.ts';
import { patroniProcesses, systemdUnitOf } from './patroni-process.ts';

/** Argument lists, no shell. */
export interface PatroniCommands {
  readonly stop: readonly string[];
  readonly start: readonly string[];
}

/** Where to look for them. */
export interface CommandSources {
  readonly configFile: string;
  readonly recoveriesFolder: string;
  /** As the settings say. */
  readonly set: PatroniCommands | undefined;
}

const FILE = 'patroni-unit';
const UNIT = /^[\w@.:\\-]+\.service$/;

async function runningUnit(configFile: string): Promise<string | undefined> {
  const [running] = await patroniProcesses(configFile);
  return running === undefined ? undefined : systemdUnitOf(running.pid);
}

async function knownUnit(folder: string): Promise<string | undefined> {
  const text = (await readFile(join(folder, FILE), 'utf8').catch(() => '')).trim();
  return UNIT.test(text) ? text : undefined;
}

/** Writes down the unit of the running Patroni, for the time when it does not run. */
export async function rememberUnit({ configFile, recoveriesFolder, set }: CommandSources): Promise<void> {
  const unit = set === undefined ? await runningUnit(configFile) : undefined;
  if (unit === undefined || unit === (await knownUnit(recoveriesFolder))) return;
  await makeFolder(recoveriesFolder);
  const file = await open(join(recoveriesFolder, FILE), 'w', 0o600);
  try {
    await file.writeFile(`${unit}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await syncFolder(recoveriesFolder);
}

/** The commands; `undefined` if nothing tells. */
export async function findCommands(sources: CommandSources): Promise<PatroniCommands | undefined> {
  if (sources.set !== undefined) return sources.set;
  const unit = (await runningUnit(sources.configFile)) ?? (await knownUnit(sources.recoveriesFolder));
  if (unit === undefined) return undefined;
  return { stop: ['systemctl', 'stop', unit], start: ['systemctl', 'start', unit] };
}

/** What to say where nothing tells how it is stopped. */
export const NO_COMMANDS: PlaceProblem = {
  message: 'nothing tells how Patroni on this host is stopped and started: it runs in no systemd unit',
  remedy:
    'Set patroni-stop-command and patroni-start-command, for example:  supervisorctl stop patroni  and  supervisorctl start patroni',
};
