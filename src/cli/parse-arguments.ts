/**
 * The command line, strictly: every flag is known, has a value if and only if it takes one, and is given once unless it
 * may be repeated. A flag that were ignored could send a recovery to another moment.
 *
 * @module
 */

import { parseArgs } from 'node:util';

import { Failure } from '../base/failure.ts';
import { nearestName } from '../base/nearest-name.ts';
import { settingOf, type SettingName } from '../config/settings.ts';
import type { Command } from './command.ts';
import { flagsOf, takesValue, type CommandFlag, type CommonFlag } from './command-flags.ts';
import type { ReadingContext } from './options.ts';

/** A command line, taken apart but with values still as text. */
export interface Arguments {
  readonly common: ReadonlyMap<CommonFlag, string>;
  readonly settings: ReadonlyMap<SettingName, string>;
  /** Values of the command's own options, by option name. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

function usage(command: Command, found: string, remedy?: string): Failure {
  const name = command.path.join(' ');
  return new Failure('usage', {
    message: `cannot run "${name}": ${found}`,
    remedy: remedy ?? `"walkback ${name} --help" shows what it takes.`,
  });
}

function unknownFlag(command: Command, flag: string, known: Iterable<string>): Failure {
  const names = [...known];
  const begun = names.filter((name) => name.startsWith(`${flag}-`));
  if (begun.length > 1) return usage(command, `it has no flag ${flag}`, `Give one of ${begun.join(', ')}.`);
  const nearest = nearestName(flag, names);
  return usage(command, `it has no flag ${flag}`, nearest === undefined ? undefined : `Did you mean ${nearest}?`);
}

/** What people type from habit. */
const SHORT: ReadonlyMap<string, string> = new Map([
  ['-h', '--help'],
  ['-n', '--namespace'],
]);

/** Patroni writes keys of its configuration as flags: `--no_leader=1` is `--no-leader=1`. */
function withDashes(arg: string): string {
  const [, name] = /^--([a-z]+(?:_[a-z]+)+)(?:=|$)/.exec(arg) ?? [];
  return name === undefined ? arg : `--${name.replaceAll('_', '-')}${arg.slice(name.length + 2)}`;
}

/** Takes a command's arguments apart. @throws {Failure} `usage`. */
export function parseArguments(command: Command, args: readonly string[]): Arguments {
  const flags = flagsOf(command);
  const options = Object.fromEntries(
    [...flags].map(([flag, meaning]) => [
      flag.slice(2),
      { type: takesValue(meaning) ? ('string' as const) : ('boolean' as const) },
    ]),
  );
  const { tokens } = parseArgs({
    args: args.map((arg) => SHORT.get(arg) ?? withDashes(arg)),
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const texts = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const meaning = flags.get(token.rawName);
    if (meaning === undefined) throw unknownFlag(command, token.rawName, flags.keys());
    const before = texts.get(token.rawName) ?? [];
    texts.set(token.rawName, [...before, valueOf(command, token, meaning, before.length > 0)]);
  }
  return { ...sort(texts, flags), operands };
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function valueOf(command: Command, token: OptionToken, meaning: CommandFlag, isAgain: boolean): string {
  const flag = token.rawName;
  const isRepeatable =
    (meaning.kind === 'option' && meaning.option.isRepeated === true) ||
    (meaning.kind === 'setting' && settingOf(meaning.name).kind.isList === true);
  if (isAgain && !isRepeatable && takesValue(meaning)) throw usage(command, `${flag} is given twice`);
  if (!takesValue(meaning)) {
    if (token.value === undefined) return '';
    throw usage(command, `${flag} takes no value, but ${JSON.stringify(token.value)} is given`);
  }
  if (token.value === undefined) throw usage(command, `${flag} needs a value`);
  if (token.inlineValue !== true && token.value.startsWith('-') && token.value !== '-') {
    throw usage(
      command,
      `${flag} needs a value, and ${token.value} looks like a flag`,
      `If it is meant: ${flag}=${token.value}`,
    );
  }
  return token.value;
}

function sort(
  texts: ReadonlyMap<string, string[]>,
  flags: ReadonlyMap<string, CommandFlag>,
): Omit<Arguments, 'operands'> {
  const common = new Map<CommonFlag, string>();
  const settings = new Map<SettingName, string>();
  const options = new Map<string, readonly string[]>();
  for (const [flag, given] of texts) {
    const meaning = flags.get(flag);
    const last = given.at(-1) ?? '';
    if (meaning?.kind === 'common') common.set(meaning.name, last);
    if (meaning?.kind === 'setting') settings.set(meaning.name, given.join(','));
    if (meaning?.kind === 'option') options.set(meaning.name, given);
  }
  return { common, settings, options };
}

/** Reads the values of a command's options and operands: what its `run` is given. @throws {Failure} `usage`. */
export function readGiven(command: Command, args: Arguments, context: ReadingContext): ReadonlyMap<string, unknown> {
  const given = readOperands(command, args.operands);
  for (const [flag, meaning] of flagsOf(command)) {
    if (meaning.kind !== 'option') continue;
    const texts = args.options.get(meaning.name);
    given.set(meaning.name, texts === undefined ? meaning.option.absent : meaning.option.read(texts, flag, context));
  }
  return given;
}

function readOperands(command: Command, texts: readonly string[]): Map<string, unknown> {
  const given = new Map<string, unknown>();
  let next = 0;
  for (const [name, operand] of Object.entries(command.operands)) {
    const taken = operand.isRest === true ? texts.slice(next) : texts.slice(next, next + 1);
    next += taken.length;
    if (taken.length === 0 && operand.isOptional !== true) {
      throw usage(command, `${operand.placeholder} is missing`, operand.whenMissing);
    }
    if (taken.includes('')) throw usage(command, `${operand.placeholder} is empty`);
    given.set(name, operand.isRest === true ? taken : taken[0]);
  }
  const extra = texts[next];
  if (extra !== undefined) throw usage(command, `it has no place for ${JSON.stringify(extra)}`);
  return given;
}
