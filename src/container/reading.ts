/**
 * The environment of a container while it is read: what is wrong is collected, so that all of it is told at once.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { nearestName } from '../base/nearest-name.ts';
import type { Environment } from '../config/environment.ts';
import type { ContainerFacts } from './container-facts.ts';
import { maskLogins, Secret } from './secret.ts';

/** What a refusal says. */
export interface Refusal {
  /** The variable, or the variables, that it is about. */
  readonly of: string;
  /** What was found, behind `cannot use <of>: `. */
  readonly found: string;
  readonly remedy: string;
}

/** Words that people write for "no". Spilo took every one of them for "yes" where it asks whether a variable is set. */
const NO_WORDS = new Set(['false', 'f', '0', 'no', 'n', 'off', 'none', 'null', 'disabled']);

/** An environment, with what is found wrong in it. */
export class Reading {
  readonly environment: Environment;
  readonly facts: ContainerFacts;
  readonly refusals: Failure[] = [];
  readonly warnings: string[] = [];

  constructor(environment: Environment, facts: ContainerFacts) {
    this.environment = environment;
    this.facts = facts;
  }

  /** Adds a refusal. */
  refuse({ of, found, remedy }: Refusal): void {
    this.refusals.push(new Failure('usage', { message: `cannot use ${of}: ${maskLogins(found)}`, remedy }));
  }

  warn(message: string): void {
    this.warnings.push(maskLogins(message));
  }

  /** True if a variable is there, empty or not. */
  has(name: string): boolean {
    return this.environment[name] !== undefined;
  }

  /** The text of a variable; `undefined` if it is not there or empty. */
  get(name: string): string | undefined {
    const text = this.environment[name];
    return text === '' ? undefined : text;
  }

  /** Those of some variables that are set. */
  setOf(names: readonly string[]): readonly string[] {
    return names.filter((name) => this.get(name) !== undefined);
  }

  secret(name: string): Secret | undefined {
    const text = this.get(name);
    return text === undefined ? undefined : new Secret(text);
  }

  /**
   * A variable of which Spilo asks only whether it is empty: any text switches on. A word that means no is refused,
   * because it meant yes.
   */
  isOn(name: string): boolean {
    const text = this.get(name);
    if (text === undefined) return false;
    if (!NO_WORDS.has(text.trim().toLowerCase())) return true;
    this.refuse({
      of: name,
      found: `it is ${JSON.stringify(text)}, and any text that is not empty switches it on`,
      remedy: `To switch it off, take ${name} out, or set it to "". To switch it on, set it to "true".`,
    });
    return false;
  }

  /** `true` or `false`, in any case; `undefined` if it is not set. Any other word counted as false, and is refused. */
  boolean(name: string): boolean | undefined {
    const text = this.get(name)?.trim().toLowerCase();
    if (text === undefined) return undefined;
    if (text === 'true') return true;
    if (text === 'false') return false;
    this.refuse({
      of: name,
      found: `it is ${JSON.stringify(this.get(name))}, and only true and false have a meaning`,
      remedy: `Set ${name} to true or false.`,
    });
    return undefined;
  }

  /** A whole number within bounds. */
  integer(name: string, least: number, most: number): number | undefined {
    const text = this.get(name);
    if (text === undefined) return undefined;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    this.refuse({
      of: name,
      found: `it is ${JSON.stringify(text)}`,
      remedy: `Set ${name} to a whole number from ${least} to ${most}.`,
    });
    return undefined;
  }

  /** A path from the root. */
  path(name: string): string | undefined {
    const text = this.get(name);
    if (text === undefined) return undefined;
    if (/^\/[^\0\n]*$/.test(text)) return text.replace(/(?<=.)\/+$/, '');
    this.refuse({
      of: name,
      found: `${JSON.stringify(text)} is no absolute path`,
      remedy: `Begin ${name} with a slash.`,
    });
    return undefined;
  }

  /** A file that has to be there and to be readable. */
  file(name: string): string | undefined {
    const path = this.path(name);
    if (path === undefined) return undefined;
    if (!this.facts.canRead(path)) this.refuse({ of: name, ...missingFile(path) });
    return path;
  }

  /** One of a few words. */
  choice(name: string, words: readonly string[]): string | undefined {
    const text = this.get(name);
    if (text === undefined || words.includes(text)) return text;
    const near = nearestName(text, words);
    this.refuse({
      of: name,
      found: `it is ${JSON.stringify(text)}, and must be ${words.join(' or ')}`,
      remedy: near === undefined ? `Set it to ${words.join(' or ')}.` : `Did you mean ${near}?`,
    });
    return undefined;
  }
}

/** What is said of a file that is not there. */
export function missingFile(path: string): { readonly found: string; readonly remedy: string } {
  return {
    found: `there is no file ${path} that can be read`,
    remedy: 'Mount the Secret that holds it into the container at that path, or correct the path.',
  };
}
