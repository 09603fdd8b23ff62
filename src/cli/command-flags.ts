/**
 * The flags that a command takes: its own, those of the settings it reads, and those that every command has.
 *
 * @module
 */

import { flagOf } from '../config/load-settings.ts';
import { kebabCase } from '../config/setting.ts';
import { SETTING_NAMES, settingOf, type SettingName } from '../config/settings.ts';
import type { Command } from './command.ts';
import type { Option } from './options.ts';

/** What a flag stands for. */
export type CommandFlag =
  | { readonly kind: 'option'; readonly name: string; readonly option: Option }
  | { readonly kind: 'setting'; readonly name: SettingName }
  | { readonly kind: 'common'; readonly name: CommonFlag };

/** Flags that every command has. */
export type CommonFlag = 'json' | 'verbose' | 'color' | 'config' | 'env-dir' | 'help' | 'version';

/** What each common flag does; those with a placeholder take a value. */
export const COMMON_FLAGS: Readonly<Record<CommonFlag, { readonly summary: string; readonly placeholder?: string }>> = {
  json: { summary: 'Answer with one JSON object on standard output, and events on standard error' },
  verbose: { summary: 'Show causes behind failures, and where settings came from' },
  color: { summary: 'Use colour', placeholder: 'auto|always|never' },
  config: { summary: 'Read settings from this file', placeholder: 'PATH' },
  'env-dir': {
    summary: 'Take variables from the files of this directory, before the environment (also before the command)',
    placeholder: 'PATH',
  },
  help: { summary: 'Show this help (also -h)' },
  version: { summary: 'Show the version' },
};

/** The settings that can be given as flags to a command. */
export function settingFlagsOf(command: Pick<Command, 'settings'>): readonly SettingName[] {
  return SETTING_NAMES.filter((name) => {
    const setting = settingOf(name);
    return command.settings.includes(setting.group) && setting.secret !== true && setting.environmentOnly !== true;
  });
}

/** True if a flag takes a value. */
export function takesValue(flag: CommandFlag): boolean {
  if (flag.kind === 'setting') return true;
  if (flag.kind === 'option') return flag.option.placeholder !== undefined;
  return COMMON_FLAGS[flag.name].placeholder !== undefined;
}

function isCommonFlag(name: string): name is CommonFlag {
  return name in COMMON_FLAGS;
}

/** All flags of a command by their name with dashes. A command's own option hides a setting of the same name. */
export function flagsOf(command: Command): ReadonlyMap<string, CommandFlag> {
  const flags = new Map<string, CommandFlag>();
  for (const name of Object.keys(COMMON_FLAGS).filter(isCommonFlag)) flags.set(`--${name}`, { kind: 'common', name });
  for (const name of settingFlagsOf(command)) flags.set(flagOf(name), { kind: 'setting', name });
  for (const [name, option] of Object.entries(command.options)) {
    flags.set(`--${kebabCase(name)}`, { kind: 'option', name, option });
  }
  return flags;
}
