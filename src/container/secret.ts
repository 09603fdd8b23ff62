/**
 * Values that are never shown: passwords, keys, tokens of the environment.
 *
 * A secret becomes text in one way only, by {@link Secret.reveal}, which is called where a file is written and nowhere
 * else. Put into a template, JSON, YAML or a log it is eight asterisks.
 *
 * @module
 */

import { inspect } from 'node:util';

/** How a secret is shown. */
export const MASK = '********';

/** Text that is masked wherever it is shown. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself: for the file that the secret is written to. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** `user:word@` and `token@` behind `://`. A word may hold what a URL must not have unquoted: then it ends at the last `@`. */
const LOGIN = /(?<=:\/\/)(?:[^\s"'/?#@:]*:[^\s"']*|[^\s"'/?#]*)@/g;

/** Text as it may be shown: without the logins within its URLs. */
export function maskLogins(text: string): string {
  return text.replaceAll(LOGIN, `${MASK}@`);
}

/** The text of a value that may be a secret: for a file, never for a screen. */
export function revealed(value: string | Secret): string {
  return value instanceof Secret ? value.reveal() : value;
}

/** The same of several variables, by their names. */
export function revealedAll(variables: Readonly<Record<string, string | Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, revealed(value)]));
}
