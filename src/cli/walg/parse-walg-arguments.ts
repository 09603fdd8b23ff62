/**
 * WAL-G's command line: long flags with `=` or a space, short ones alone, joined, or with their value, `--` before operands
 * that begin with a dash, and flags anywhere among the operands.
 *
 * Every setting of WAL-G is a flag there too (`--walg-s3-prefix`).
 *
 * Source: WAL-G's use of `github.com/spf13/pflag` (`cmd/pg/pg.go`, `internal/config.go`, `AddConfigFlags`).
 *
 * @module
 */

import type { WalgFlag } from './walg-command.ts';

/** A command line, taken apart. */
export interface WalgArguments {
  readonly operands: readonly string[];
  readonly values: ReadonlyMap<string, string>;
  readonly flags: ReadonlySet<string>;
  /** Settings given as flags, by their variable. */
  readonly settings: ReadonlyMap<string, string>;
}

/** A command line that cannot be understood; the message is the one that goes behind `Error: `. */
export class WalgUsageError extends Error {}

/** What is known of flags. */
export interface KnownFlags {
  readonly flags: Readonly<Record<string, WalgFlag>>;
  /** True for a variable (`WALG_S3_PREFIX`) that is a setting. */
  readonly isVariable: (variable: string) => boolean;
}

interface Found {
  readonly name: string;
  readonly flag: WalgFlag | undefined;
}

class Parser {
  readonly operands: string[] = [];
  readonly values = new Map<string, string>();
  readonly flags = new Set<string>();
  readonly settings = new Map<string, string>();
  readonly #waiting: string[];
  readonly #known: KnownFlags;

  constructor(args: readonly string[], known: KnownFlags) {
    this.#waiting = [...args];
    this.#known = known;
  }

  parse(): WalgArguments {
    for (let arg = this.#waiting.shift(); arg !== undefined; arg = this.#waiting.shift()) {
      if (arg === '--') this.operands.push(...this.#waiting.splice(0));
      else if (arg.startsWith('--')) this.#long(arg.slice(2));
      else if (arg.startsWith('-') && arg !== '-') this.#short(arg);
      else this.operands.push(arg);
    }
    return this;
  }

  #long(text: string): void {
    const cut = text.indexOf('=');
    const name = cut === -1 ? text : text.slice(0, cut);
    const inline = cut === -1 ? undefined : text.slice(cut + 1);
    const flag = this.#known.flags[name];
    if (flag !== undefined) {
      this.#take({ name, flag }, inline, `--${name}`);
      return;
    }
    const variable = name.replaceAll('-', '_').toUpperCase();
    if (!this.#known.isVariable(variable)) throw new WalgUsageError(`unknown flag: --${name}`);
    this.settings.set(variable, inline ?? this.#next(`--${name}`));
  }

  #short(text: string): void {
    for (let rest = text.slice(1); rest !== '';) {
      const letter = rest.slice(0, 1);
      rest = rest.slice(1);
      const [name, flag] = Object.entries(this.#known.flags).find(([, one]) => one.short === letter) ?? [];
      if (name === undefined) throw new WalgUsageError(`unknown shorthand flag: '${letter}' in ${text}`);
      if (flag?.takes === undefined) {
        this.flags.add(name);
        continue;
      }
      this.#take({ name, flag }, rest === '' ? undefined : rest.replace(/^=/, ''), `-${letter}`);
      return;
    }
  }

  #take({ name, flag }: Found, inline: string | undefined, shown: string): void {
    if (flag?.takes !== undefined) {
      const value = inline ?? this.#next(shown);
      const before = flag.takes === 'strings' ? this.values.get(name) : undefined;
      this.values.set(name, before === undefined ? value : `${before},${value}`);
      return;
    }
    const isOn = goBoolean(inline ?? 'true');
    if (isOn === undefined) throw new WalgUsageError(`invalid argument "${inline ?? ''}" for "${shown}" flag`);
    if (isOn) this.flags.add(name);
    else this.flags.delete(name);
  }

  #next(shown: string): string {
    const value = this.#waiting.shift();
    if (value === undefined) throw new WalgUsageError(`flag needs an argument: ${shown}`);
    return value;
  }
}

/** Go's `strconv.ParseBool`; `undefined` for what it refuses. */
export function goBoolean(text: string): boolean | undefined {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true;
  return ['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text) ? false : undefined;
}

/** Takes arguments apart. @throws {WalgUsageError} */
export function parseWalgArguments(args: readonly string[], known: KnownFlags): WalgArguments {
  return new Parser(args, known).parse();
}
