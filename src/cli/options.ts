/**
 * Kinds of options: how a command says what it accepts, typed for its `run`.
 *
 * Keys are in camel case and give the flag its name: `toTime` is `--to-time`. Nothing is guessed: a value that is not of
 * its kind is a usage error which says what was expected.
 *
 * @module
 */

import { resolve } from 'node:path';

import { Failure } from '../base/failure.ts';
import type { ValueKind } from '../config/value-kind.ts';
import * as kinds from '../config/value-kind.ts';
import { parseLsn, type Lsn } from '../postgres/lsn.ts';
import { parseInstant } from '../base/local-time.ts';

/** What a value may need to know to be read. */
export interface ReadingContext {
  /** The zone that local times are meant in; `undefined` refuses them. */
  readonly zone: string | undefined;
  /** Relative paths are taken from here. */
  readonly workingDirectory: string;
}

/** One option of a command; `T` is what `run` is given. */
export interface Option<T = unknown> {
  readonly summary: string;
  /** Absent for a flag, which takes no value. */
  readonly placeholder?: string;
  readonly isRepeated?: true;
  /** From the values given, in order (none for a flag that was given). @throws {Failure} `usage`. */
  readonly read: (texts: readonly string[], flag: string, context: ReadingContext) => T;
  /** When the option is not given. */
  readonly absent: T;
}

function valueOption<T>(
  placeholder: string,
  summary: string,
  read: (given: string, name: string, context: ReadingContext) => T,
): Option<T | undefined> {
  return {
    placeholder,
    summary,
    absent: undefined,
    read: (texts, name, context) => read(texts.at(-1) ?? '', name, context),
  };
}

/** A value of a kind of settings: size, duration, choice … */
export function value<T>(kind: ValueKind<T>, summary: string): Option<T | undefined> {
  return valueOption(kind.placeholder, summary, (given, name, context) => readKind(kind, given, name, context));
}

/** Given or not. */
export function flag(summary: string): Option<boolean> {
  return { summary, absent: false, read: () => true };
}

/** Any text. */
export function text(summary: string, placeholder = 'TEXT'): Option<string | undefined> {
  return value({ ...kinds.text, placeholder }, summary);
}

/** Any text, the empty one too: for programs that give a flag in any case. */
export function anyText(summary: string, placeholder = 'TEXT'): Option<string | undefined> {
  return value({ ...kinds.text, placeholder, parse: (given) => given }, summary);
}

/** A path; a relative one is taken from the working directory. */
export function path(summary: string): Option<string | undefined> {
  return value(kinds.path, summary);
}

/** A whole number within bounds. */
export function integer(summary: string, minimum: number, maximum: number): Option<number | undefined> {
  return value(kinds.integer(minimum, maximum), summary);
}

/** A size in bytes. */
export function bytes(summary: string): Option<number | undefined> {
  return value(kinds.bytes(0), summary);
}

/** A duration in milliseconds. */
export function duration(summary: string): Option<number | undefined> {
  return value(kinds.duration(), summary);
}

/** One of a few words. */
export function choice<const T extends string>(summary: string, words: readonly T[]): Option<T | undefined> {
  return value(kinds.choice(words), summary);
}

/** A WAL position, `16/B374D848`. */
export function lsn(summary: string): Option<Lsn | undefined> {
  return value({ placeholder: 'LSN', expects: 'a WAL position such as 16/B374D848', parse: parseLsn }, summary);
}

/** A timeline's number, as decimal. */
export function timeline(summary: string): Option<number | undefined> {
  return value({ ...kinds.integer(1, 0xffff_ffff), placeholder: 'TIMELINE' }, summary);
}

/** A timeline's number as decimal or `0x58`; not as history files are named, where 58 would be 88. */
export function timelineOrHex(summary: string): Option<number | undefined> {
  const decimal = kinds.integer(1, 0xffff_ffff);
  const parse = (given: string): number | undefined => {
    if (/^0x[0-9a-f]{1,8}$/i.test(given)) return decimal.parse(String(Number.parseInt(given, 16)));
    return /^0\d/.test(given) ? undefined : decimal.parse(given);
  };
  const expects = 'a number such as 88 or 0x58 (a history file 00000058.history is 0x58)';
  return value({ placeholder: 'TIMELINE', expects, parse }, summary);
}

/** A moment, as microseconds since the Unix epoch: RFC 3339, or a local time in the zone of --tz. */
export function instant(summary: string): Option<bigint | undefined> {
  return valueOption('TIME', summary, (given, name, context) =>
    parseInstant(given, { zone: context.zone, flag: name }),
  );
}

/** An option that can be given several times; `run` gets all values, in order. */
export function repeated<T>(option: Option<T | undefined>): Option<readonly T[]> {
  return {
    ...option,
    isRepeated: true,
    absent: [],
    read: (texts, name, context) =>
      texts.flatMap((given) => {
        const one = option.read([given], name, context);
        return one === undefined ? [] : [one];
      }),
  };
}

function readKind<T>(kind: ValueKind<T>, given: string, name: string, context: ReadingContext): T {
  const isRelative = kind.isPath === true && given !== '' && !given.includes('://');
  const found = kind.parse(isRelative ? resolve(context.workingDirectory, given) : given);
  if (found !== undefined) return found;
  throw new Failure('usage', {
    message: `cannot use ${JSON.stringify(given)} for ${name}: expected ${kind.expects}`,
    remedy: `Give ${name} ${kind.expects}.`,
  });
}
