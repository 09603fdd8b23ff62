/**
 * Work that only a few may do at a time: the others wait for their turn, in the order they came.
 *
 * @module
 */

/** A number of turns. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Waits for a turn. The caller gives it back. */
  async take(): Promise<void> {
    if (this.#free === 0) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      return;
    }
    this.#free -= 1;
  }

  /** Gives a turn back. */
  giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
