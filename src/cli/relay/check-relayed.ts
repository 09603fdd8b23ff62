/**
 * Looks at a command line that a caller elsewhere wants to be run: it must be one of the table, with options of the table,
 * and change no setting.
 *
 * @module
 */

import type { CheckedCommand } from '../../agent/control/serve-control.ts';
import { Failure } from '../../base/failure.ts';
import { SETTING_NAMES, settingOf, type SettingName } from '../../config/settings.ts';
import { flagOf, type Settings } from '../../config/load-settings.ts';
import { kebabCase } from '../../config/setting.ts';
import type { Command } from '../command.ts';
import { parseArguments, type Arguments } from '../parse-arguments.ts';
import { findCommand } from '../program.ts';
import { relayedCommand, RELAYED } from './relayed-table.ts';

/** What may be asked for: how times are read, and no setting of the host. */
const SETTINGS_OF_CALLERS: readonly SettingName[] = ['timeZone'];
const COMMON_OF_CALLERS: readonly string[] = ['json', 'verbose', 'color'];
/** Their values may hold rows of the database, and words about people. */
const NOT_SHOWN: readonly string[] = ['sql', 'reason', 'by'];
const LONGEST_SHOWN = 80;

function refused(name: string, found: string, remedy: string): Failure {
  return new Failure('refused', { message: `cannot run "${name}" for a caller elsewhere: ${found}`, remedy });
}

const shownValue = (value: string) =>
  (/^[\w./:+@-]+$/.test(value) ? value : JSON.stringify(value)).slice(0, LONGEST_SHOWN);

function shownLine(command: Command, { options, operands }: Arguments): string {
  const flags = [...options].flatMap(([name, texts]) => {
    const flag = `--${kebabCase(name)}`;
    if (command.options[name]?.placeholder === undefined) return [flag];
    return texts.map((text) => `${flag} ${NOT_SHOWN.includes(name) ? '…' : shownValue(text)}`);
  });
  return [...command.path, ...operands.map(shownValue), ...flags].join(' ');
}

function checkFlags(command: Command, args: Arguments, allowed: readonly string[]): void {
  const name = command.path.join(' ');
  const path = args.operands.find((one) => one.startsWith('/') || one.includes('..'));
  if (path !== undefined) throw refused(name, `${JSON.stringify(path)} is a path`, 'Give an id or a name.');
  const option = [...args.options.keys()].find((one) => !allowed.includes(one));
  if (option !== undefined) {
    const remedy =
      option === 'check' ? 'Give the statements with --sql, or run it on the host.' : 'Run it on the host.';
    throw refused(name, `--${kebabCase(option)} names what is on the host`, remedy);
  }
  const setting = [...args.settings.keys()].find((one) => !SETTINGS_OF_CALLERS.includes(one));
  if (setting !== undefined) {
    throw refused(name, `${flagOf(setting)} is for the host to set`, `Leave it out: the agent's own settings hold.`);
  }
  const common = [...args.common.keys()].find((one) => !COMMON_OF_CALLERS.includes(one));
  if (common !== undefined)
    throw refused(name, `--${common} is not for others`, 'Leave it out, or run it on the host.');
}

/** The flags of this process that a command takes too. Secrets have none; the environment and the file it reads itself. */
function ownFlagsFor(command: Command, given: Arguments, settings: Settings, dataDirectory: string): readonly string[] {
  const flags = SETTING_NAMES.filter((name) => {
    const { group } = settingOf(name);
    return command.settings.includes(group) && group !== 'control' && !given.settings.has(name);
  }).flatMap((name) => {
    if (name === 'dataDirectory') return [`${flagOf(name)}=${dataDirectory}`];
    const found = settings.find(name);
    return found?.source.kind === 'flag' ? [`${flagOf(name)}=${found.text}`] : [];
  });
  return settings.file === undefined ? flags : [...flags, `--config=${settings.file.path}`];
}

/**
 * Checks a command line of a caller.
 *
 * @param settings those of the process that is to run it.
 * @throws {Failure} `usage` as the command itself would; `refused` for what is not run for callers.
 */
export async function checkRelayed(
  args: readonly string[],
  { settings, dataDirectory }: { readonly settings: Settings; readonly dataDirectory: string },
): Promise<CheckedCommand> {
  const found = findCommand(args);
  const relayed = found.kind === 'command' ? relayedCommand(found.entry.path) : undefined;
  if (found.kind !== 'command' || relayed === undefined) {
    const words = found.kind === 'command' ? found.entry.path : found.words;
    throw refused(
      words.join(' '),
      'it is not one of those',
      `Run it on the host. Those are: ${[...RELAYED.keys()].join(', ')}.`,
    );
  }
  const command = await found.entry.load();
  // Behind it, flags of this process would be none.
  if (args.includes('--')) throw refused(command.path.join(' '), '"--" has no meaning here', 'Leave it out.');
  const parsed = parseArguments(command, found.rest);
  checkFlags(command, parsed, relayed.options);
  return {
    isChanging: relayed.isChanging,
    shown: shownLine(command, parsed),
    ownFlags: ownFlagsFor(command, parsed, settings, dataDirectory),
  };
}
