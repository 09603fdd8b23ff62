/**
 * Lets many work at once, or one alone.
 *
 * @module
 */

/** Turns at something: shared ones run together, a lone one runs when none other does. Who waits for a lone turn goes first. */
export class SharedTurns {
  #running = 0;
  #isAlone = false;
  readonly #waiting: { readonly isAlone: boolean; readonly go: () => void }[] = [];

  async shared<T>(work: () => Promise<T>): Promise<T> {
    return this.#run(false, work);
  }

  async alone<T>(work: () => Promise<T>): Promise<T> {
    return this.#run(true, work);
  }

  async #run<T>(isAlone: boolean, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((go) => {
      this.#waiting.push({ isAlone, go });
      this.#letGo();
    });
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#isAlone = false;
      this.#letGo();
    }
  }

  #letGo(): void {
    for (;;) {
      const next = this.#waiting.find(({ isAlone }) => isAlone) ?? this.#waiting[0];
      if (next === undefined || this.#isAlone || (next.isAlone && this.#running > 0)) return;
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      this.#running += 1;
      this.#isAlone = next.isAlone;
      next.go();
    }
  }
}
