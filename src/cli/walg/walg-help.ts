/**
 * Help of WAL-G's command line.
 *
 * @module
 */

import type { WalgCommand, WalgFlag } from './walg-command.ts';
import { WALG_PROGRAM } from './walg-program.ts';

/** Flags of every command. */
export const COMMON_FLAGS: Readonly<Record<string, WalgFlag>> = {
  config: {
    takes: 'string',
    summary: 'file of settings (default is $HOME/.walg.json, can also be set via WALG_CONFIG_PATH env var)',
  },
  help: { short: 'h', summary: 'help for the command' },
  turbo: { summary: 'Ignore the limits of network and disk rate, and read the disk by four' },
};

function flagLines(flags: Readonly<Record<string, WalgFlag>>): string {
  const rows = Object.entries(flags).map(([name, { short, takes, summary }]) => {
    const type = takes === undefined ? '' : ` ${takes}`;
    return [`  ${short === undefined ? '    ' : `-${short}, `}--${name}${type}`, summary] as const;
  });
  const width = Math.max(...rows.map(([flag]) => flag.length));
  return rows.map(([flag, summary]) => `${flag.padEnd(width)}   ${summary}\n`).join('');
}

/** How a command is called, with its flags. */
export function walgUsage(command: WalgCommand): string {
  const own = Object.keys(command.flags).length === 0 ? '' : `Flags:\n${flagLines(command.flags)}\n`;
  const operands = command.usage === '' ? '' : ` ${command.usage}`;
  return `Usage:\n  wal-g ${command.words}${operands} [flags]\n\n${own}Global Flags:\n${flagLines(COMMON_FLAGS)}`;
}

/** Help of one command. */
export function walgCommandHelp(command: WalgCommand): string {
  return `${command.summary}\n\n${walgUsage(command)}`;
}

/** The commands of a group (`delete`, `st`), or all. */
export async function walgGroupHelp(group: string): Promise<string> {
  const inGroup = WALG_PROGRAM.filter(({ words }) => group === '' || words.startsWith(`${group} `));
  const commands = await Promise.all(inGroup.map(async ({ load }) => load()));
  const shown = commands.filter(({ isHidden }) => isHidden !== true);
  const width = Math.max(...shown.map(({ words }) => words.length));
  const lines = shown.map(({ words, summary }) => `  ${words.padEnd(width)}   ${summary}\n`).join('');
  const called = group === '' ? 'wal-g' : `wal-g ${group}`;
  return `PostgreSQL backup tool: walkback in place of WAL-G\n\nUsage:\n  ${called} [command]\n\nAvailable Commands:\n${lines}\nFlags:\n${flagLines(COMMON_FLAGS)}\nUse "wal-g [command] --help" for more information about a command.\n`;
}
