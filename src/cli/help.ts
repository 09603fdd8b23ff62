/**
 * Help, at every level, from the definitions of commands and settings.
 *
 * @module
 */

import { flagOf } from '../config/load-settings.ts';
import { variablesOf } from '../config/environment.ts';
import { kebabCase } from '../config/setting.ts';
import { SETTING_NAMES, settingOf, type SettingName } from '../config/settings.ts';
import type { Command, Operand } from './command.ts';
import { COMMON_FLAGS, settingFlagsOf } from './command-flags.ts';
import { wrap } from './output/wrap.ts';
import type { ProgramEntry } from './program.ts';

const COLUMNS = 80;
const HANGING = 28;

function row(left: string, right: string): string {
  const lines = wrap(right, COLUMNS - HANGING);
  const head = `  ${left}`;
  const first = head.length < HANGING ? `${head.padEnd(HANGING)}${lines.shift() ?? ''}` : head;
  return [first.trimEnd(), ...lines.map((line) => ' '.repeat(HANGING) + line)].join('\n');
}

function section(title: string, rows: readonly string[]): string[] {
  return rows.length === 0 ? [] : [`\n${title}\n${rows.join('\n')}`];
}

function operandText(operand: Operand): string {
  const name = operand.isRest === true ? `${operand.placeholder}…` : operand.placeholder;
  return operand.isOptional === true ? `[${name}]` : name;
}

/** `walkback wal push PATH`: how a command is typed. */
export function usageLine(command: Command): string {
  const operands = Object.values(command.operands).map(operandText);
  return ['walkback', ...command.path, ...operands, '[OPTION…]'].join(' ');
}

function settingRow(name: SettingName): string {
  const setting = settingOf(name);
  const fallback = setting.default === undefined ? '' : ` Default: ${setting.default}.`;
  return row(
    `${flagOf(name)} ${setting.kind.placeholder}`,
    `${setting.summary}${fallback} [${variablesOf(name)[0] ?? ''}]`,
  );
}

function secretsRow(command: Command): string[] {
  const secrets = SETTING_NAMES.filter(
    (name) => settingOf(name).secret === true && command.settings.includes(settingOf(name).group),
  );
  if (secrets.length === 0) return [];
  const shown = secrets.map((name) => settingOf(name).alsoFrom?.[0] ?? variablesOf(name)[0] ?? '').join(', ');
  return wrap(`Secrets are taken from the environment or walkback.yaml only: ${shown}.`, COLUMNS - 2).map(
    (line) => `  ${line}`,
  );
}

function commonRows(): string[] {
  return Object.entries(COMMON_FLAGS).map(([name, flag]) =>
    row(`--${name}${flag.placeholder === undefined ? '' : ` ${flag.placeholder}`}`, flag.summary),
  );
}

function commonInShort(): string {
  const flags = Object.keys(COMMON_FLAGS).map((name) => `--${name}`);
  return wrap(flags.join(', '), COLUMNS - 2)
    .map((line) => `  ${line}`)
    .join('\n');
}

/** What nearly every set-up sets. */
const EVERYDAY: readonly SettingName[] = ['archive', 'dataDirectory', 'clusterName', 'timeZone', 'pgHost', 'pgPort'];

/** The few settings that matter, and where the others are told. */
function settingsInShort(command: Command): string[] {
  const all = settingFlagsOf(command);
  const shown = EVERYDAY.filter((name) => all.includes(name)).map((name) => flagOf(name));
  const more = all.length - shown.length;
  const rest = more === 0 ? '' : `, and ${more} more`;
  const text = `${shown.join(', ')}${rest}: as flags, environment variables or in walkback.yaml.`;
  return [
    ...wrap(text, COLUMNS - 2).map((line) => `  ${line}`),
    row('--help --verbose', 'explains them all'),
    row('walkback config show', 'shows what they are here'),
  ];
}

function settingsInFull(command: Command): string[] {
  return [...settingFlagsOf(command).map(settingRow), ...secretsRow(command)];
}

/** The help of one command: what one needs to type it, or with every setting explained. */
export function commandHelp(command: Command, isLong: boolean): string {
  const operands = Object.values(command.operands).map((operand) => row(operand.placeholder, operand.summary));
  const options = Object.entries(command.options).map(([name, option]) => {
    const again = option.isRepeated === true ? ' (can be repeated)' : '';
    return row(
      `--${kebabCase(name)}${option.placeholder === undefined ? '' : ` ${option.placeholder}`}`,
      option.summary + again,
    );
  });
  const examples = command.examples.map((example) => `  ${example.line}\n      ${example.does}`);
  return [
    `${command.path.join(' ')}: ${command.summary}\n\n  ${usageLine(command)}`,
    ...(command.description === undefined ? [] : [`\n${wrap(command.description, COLUMNS).join('\n')}`]),
    ...section('Arguments', operands),
    ...section('Options', options),
    ...section('Examples', examples),
    ...(isLong
      ? section('Settings (flag, or [variable], or walkback.yaml)', settingsInFull(command))
      : section('Settings', settingsInShort(command))),
    ...section('Always', isLong ? commonRows() : [commonInShort()]),
    '',
  ].join('\n');
}

/** The help of the program, or of the commands that begin with some words. */
export async function groupHelp(words: readonly string[], program: readonly ProgramEntry[]): Promise<string> {
  const inGroup = program.filter((entry) => words.every((word, index) => entry.path[index] === word));
  const commands = await Promise.all(inGroup.map((entry) => entry.load()));
  const rows = commands.map((command) => row(command.path.join(' '), command.summary));
  const head =
    words.length === 0
      ? 'walkback: take a PostgreSQL cluster back to any moment it has lived through'
      : `walkback ${words.join(' ')}: its commands`;
  return [
    head,
    ...section('Commands', rows),
    '\n"walkback COMMAND --help" shows options and examples; --verbose, settings too.',
    '',
  ].join('\n');
}
