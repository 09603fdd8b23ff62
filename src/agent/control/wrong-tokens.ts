/**
 * Wrong tokens, counted by the address that they came from: after a few, that address is answered at once with "later", and
 * is told of once a minute only.
 *
 * A right token is let in all the same: nobody can guess one, and whoever sends wrong ones must not be able to lock out the
 * person in the incident who comes from the same address.
 *
 * @module
 */

const WINDOW_MS = 60_000;
const ALLOWED = 10;
/** More addresses than this are counted as one. */
const MOST_ADDRESSES = 1000;

interface Count {
  readonly sinceMs: number;
  wrong: number;
}

/** What to do about a wrong token. */
export interface WrongTokenVerdict {
  /** Answer "later" rather than "wrong". */
  readonly isTooMany: boolean;
  /** Write a line about it. */
  readonly isTold: boolean;
}

/** Counts them. */
export class WrongTokens {
  readonly #counts = new Map<string, Count>();

  /** Takes one note of a wrong token. */
  note(address: string, nowMs: number): WrongTokenVerdict {
    for (const [known, count] of this.#counts) {
      if (nowMs - count.sinceMs < WINDOW_MS) break;
      this.#counts.delete(known);
    }
    const key = this.#counts.has(address) || this.#counts.size < MOST_ADDRESSES ? address : 'others';
    const count = this.#counts.get(key) ?? { sinceMs: nowMs, wrong: 0 };
    this.#counts.set(key, count);
    count.wrong += 1;
    return { isTooMany: count.wrong > ALLOWED, isTold: count.wrong <= ALLOWED + 1 };
  }
}
