/**
 * By how much a process grows while it tries many inputs.
 *
 * @module
 */

/** Resident sizes, taken within each tenth of the inputs. */
export class MemoryGrowth {
  /** The smallest of each tenth: what garbage comes and goes does not count. A tenth in which none was taken has none. */
  readonly #leastMib = new Map<number, number>();

  /** @param tenth 0 to 9 */
  sample(tenth: number, mib = process.memoryUsage.rss() / 2 ** 20): void {
    this.#leastMib.set(tenth, Math.min(this.#leastMib.get(tenth) ?? Number.POSITIVE_INFINITY, mib));
  }

  /** From the second tenth on: the first is for what is compiled and cached. 0 where nothing can be said. */
  get grownMib(): number {
    const warm = [...this.#leastMib].filter(([tenth]) => tenth > 0).map(([, mib]) => mib);
    return warm.length === 0 ? 0 : Math.max(...warm) - (warm[0] ?? 0);
  }
}
