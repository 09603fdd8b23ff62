/**
 * What can be shown where: width, colour, marks, the zone of times, the present moment.
 *
 * @module
 */

import type { Environment } from '../../config/environment.ts';

/** `--color`. */
export type ColorChoice = 'auto' | 'always' | 'never';

/** Colour marks state only, and never carries meaning alone. */
export type State = 'good' | 'attention' | 'loss' | 'quiet';

/** Where text goes, and what it may use. */
export interface Screen {
  /** Lines are laid out for this width; 80 where there is no terminal. */
  readonly columns: number;
  readonly isTerminal: boolean;
  /** Marks outside ASCII may be used. */
  readonly hasUnicode: boolean;
  /** The zone of the times shown, an IANA name. */
  readonly zone: string;
  /** Microseconds since the Unix epoch. */
  readonly nowUs: () => bigint;
  /** The text in the colour of a state, or as it is. */
  readonly paint: (text: string, state: State) => string;
}

/** What is known about a stream. */
export interface StreamFacts {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
}

const SGR: Readonly<Record<State, string>> = { good: '32', attention: '33', loss: '31', quiet: '2' };
const NARROWEST = 40;
const WIDEST = 160;

/** Whether colour is wanted: `--color` decides, then `NO_COLOR` (no-color.org), then whether it is a terminal. */
export function wantsColor(choice: ColorChoice, environment: Environment, isTerminal: boolean): boolean {
  if (choice !== 'auto') return choice === 'always';
  const refused = environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '';
  return isTerminal && !refused && environment['TERM'] !== 'dumb';
}

/** Whether the locale takes UTF-8, by POSIX's order of its variables. */
export function takesUnicode(environment: Environment): boolean {
  const locale = [environment['LC_ALL'], environment['LC_CTYPE'], environment['LANG']].find(
    (candidate) => candidate !== undefined && candidate !== '',
  );
  return locale !== undefined && /utf-?8/i.test(locale);
}

/** The zone of the host. */
export function hostZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A screen for a stream. */
export function screenFor(given: {
  readonly stream: StreamFacts;
  readonly environment: Environment;
  readonly color: ColorChoice;
  readonly zone: string | undefined;
}): Screen {
  const isTerminal = given.stream.isTTY === true;
  const isPainted = wantsColor(given.color, given.environment, isTerminal);
  return {
    columns: isTerminal ? Math.min(WIDEST, Math.max(NARROWEST, given.stream.columns ?? 80)) : 80,
    isTerminal: isTerminal && given.environment['TERM'] !== 'dumb',
    hasUnicode: takesUnicode(given.environment),
    zone: given.zone ?? hostZone(),
    nowUs: () => BigInt(Date.now()) * 1000n,
    paint: (text, state) => (isPainted ? `\u001b[${SGR[state]}m${text}\u001b[0m` : text),
  };
}
