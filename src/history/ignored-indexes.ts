/**
 * Index objects that were met and are of no use, each once: whoever reads history by indexes says so.
 *
 * @module
 */

import type { IgnoredIndex } from './segment-indexes-object.ts';

/** So many are kept; the rest is counted. */
const MOST_KEPT = 100;

/** Collects them. */
export class IgnoredIndexes {
  readonly #keys = new Set<string>();
  readonly #kept: IgnoredIndex[] = [];

  /** Takes one; a second time it is nothing new. */
  readonly onIgnoredIndex = (ignored: IgnoredIndex): void => {
    if (this.#keys.has(ignored.key)) return;
    this.#keys.add(ignored.key);
    if (this.#kept.length < MOST_KEPT) this.#kept.push(ignored);
  };

  /** How many there are. */
  get count(): number {
    return this.#keys.size;
  }

  /** The first of them. */
  get kept(): readonly IgnoredIndex[] {
    return this.#kept;
  }

  /** In a sentence or two, for people; `undefined` if there is none. */
  get words(): string | undefined {
    const [first] = this.#kept;
    if (first === undefined) return undefined;
    const what = this.count === 1 ? 'An index was not used' : `${this.count} indexes were not used`;
    const which = this.count === 1 ? first.key : `the first is ${first.key}`;
    return `${what}, and what it tells of was read instead: ${which}: ${first.reason}. walkback history index makes it anew.`;
  }
}
