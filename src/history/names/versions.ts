/**
 * A value that changed with time: what it was at a position of the WAL.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';

/** One value, from a position on. */
export interface Version<T> {
  readonly lsn: Lsn;
  readonly value: T;
}

/** The values of one thing in LSN order. */
export class Versions<T> {
  readonly #versions: Version<T>[] = [];

  /** The value at a position: the last one from there or before; where nothing older is known, the first. */
  at(lsn: Lsn, isWanted?: (value: T) => boolean): T | undefined {
    let later: T | undefined;
    for (let index = this.#versions.length - 1; index >= 0; index -= 1) {
      const version = this.#versions[index];
      if (version === undefined || isWanted?.(version.value) === false) continue;
      if (version.lsn <= lsn) return version.value;
      later = version.value;
    }
    return later;
  }

  /** Every value, oldest first. */
  get all(): readonly Version<T>[] {
    return this.#versions;
  }

  /** Adds a value from `lsn` on; one of the same position is replaced. */
  add(lsn: Lsn, value: T): void {
    let place = this.#versions.length;
    while (place > 0 && (this.#versions[place - 1]?.lsn ?? 0n) > lsn) place -= 1;
    const isSame = this.#versions[place - 1]?.lsn === lsn;
    this.#versions.splice(isSame ? place - 1 : place, isSame ? 1 : 0, { lsn, value });
  }

  /** True if something is known from `lsn` or before. */
  reaches(lsn: Lsn): boolean {
    const [first] = this.#versions;
    return first !== undefined && first.lsn <= lsn;
  }

  /** Adds a value from `lsn` on, unless it is what is known from there or before. */
  addIfChanged(lsn: Lsn, value: T, isEqual: (a: T, b: T) => boolean): void {
    const known = this.reaches(lsn) ? this.at(lsn) : undefined;
    if (known === undefined || !isEqual(known, value)) this.add(lsn, value);
  }

  /** Puts `value` where the one at `lsn` is. */
  replaceAt(lsn: Lsn, value: T): void {
    const place = this.#versions.findLastIndex((version) => version.lsn <= lsn);
    const old = this.#versions[place];
    if (old !== undefined) this.#versions[place] = { lsn: old.lsn, value };
  }
}

/** The versions of many things by key. */
export class VersionedMap<K, T> {
  readonly #entries = new Map<K, Versions<T>>();

  at(key: K, lsn: Lsn, isWanted?: (value: T) => boolean): T | undefined {
    return this.#entries.get(key)?.at(lsn, isWanted);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** True if something of `key` is known from `lsn` or before. */
  reaches(key: K, lsn: Lsn): boolean {
    return this.#entries.get(key)?.reaches(lsn) ?? false;
  }

  add(key: K, lsn: Lsn, value: T): void {
    const versions = this.#entries.get(key) ?? new Versions<T>();
    versions.add(lsn, value);
    this.#entries.set(key, versions);
  }

  addIfChanged(key: K, lsn: Lsn, value: T, isEqual: (a: T, b: T) => boolean = Object.is): void {
    const versions = this.#entries.get(key);
    if (versions === undefined) this.add(key, lsn, value);
    else versions.addIfChanged(lsn, value, isEqual);
  }

  replaceAt(key: K, lsn: Lsn, value: T): void {
    this.#entries.get(key)?.replaceAt(lsn, value);
  }

  /** Every key with its values, oldest first. */
  *entries(): IterableIterator<[K, readonly Version<T>[]]> {
    for (const [key, versions] of this.#entries) yield [key, versions.all];
  }
}
