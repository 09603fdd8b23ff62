/**
 * A log in bounded memory: its first transactions, its largest, and how much was written when, however many there are.
 *
 * @module
 */

import type { LoggedTransaction } from '../history/transactions/logged-transaction.ts';
import { isLargeTransaction, isWithoutEffect, rowsOfTransaction, weightOfTransaction } from './transaction-size.ts';

/** Widths of bars in minutes; each divides the next, so that bars can be put together. */
export const BAR_MINUTES = [1, 5, 15, 60, 240, 1440, 10_080] as const;

const MOST_BARS_HELD = 2048;

/** What was written in one span of time. */
export interface LogBar {
  /** Its begin in minutes since the Unix epoch. */
  readonly minute: number;
  readonly transactions: number;
  readonly rows: number;
  /** Something large was deleted, truncated or dropped in it. */
  readonly hasLarge: boolean;
}

/** What is kept of a log. */
export interface LogDigest {
  /** The first ones that did something, at most as many as were asked for. */
  readonly listed: readonly LoggedTransaction[];
  /** The largest first. */
  readonly largest: readonly LoggedTransaction[];
  /** All that were taken, those without effect not included. */
  readonly count: number;
  /** Those that changed no rows and no definitions. */
  readonly withoutEffectCount: number;
  readonly first: LoggedTransaction | undefined;
  readonly last: LoggedTransaction | undefined;
  /** Bars of `barMinutes`, ascending; spans without a transaction have none. */
  readonly bars: readonly LogBar[];
  readonly barMinutes: number;
  /** Files whose relation has no name. */
  readonly namelessCount: number;
}

/** What to keep. */
export interface DigestRequest {
  readonly mostListed: number;
  readonly mostLargest: number;
  /** Bars begin at round times of a clock that is this far ahead of UTC. */
  readonly offsetMinutes: number;
}

/** Bars put together to a width that theirs divides. */
export function widenBars(bars: readonly LogBar[], barMinutes: number, offsetMinutes: number): LogBar[] {
  const wide = new Map<number, LogBar>();
  for (const bar of bars) {
    const minute = Math.floor((bar.minute + offsetMinutes) / barMinutes) * barMinutes - offsetMinutes;
    wide.set(minute, addBars(wide.get(minute), { ...bar, minute }));
  }
  return [...wide.values()].toSorted((a, b) => a.minute - b.minute);
}

function addBars(a: LogBar | undefined, b: LogBar): LogBar {
  if (a === undefined) return b;
  return {
    minute: a.minute,
    transactions: a.transactions + b.transactions,
    rows: a.rows + b.rows,
    hasLarge: a.hasLarge || b.hasLarge,
  };
}

/** Takes a log as it is read. */
export class LogDigester {
  readonly #request: DigestRequest;
  readonly #listed: LoggedTransaction[] = [];
  /** Heaviest first. */
  #largest: { readonly one: LoggedTransaction; readonly weight: number }[] = [];
  #bars = new Map<number, LogBar>();
  #width = 0;
  #count = 0;
  #withoutEffect = 0;
  #nameless = 0;
  #first: LoggedTransaction | undefined;
  #last: LoggedTransaction | undefined;

  constructor(request: DigestRequest) {
    this.#request = request;
  }

  /** Takes the next transaction of the log. */
  take(one: LoggedTransaction): void {
    this.#first ??= one;
    this.#last = one;
    if (isWithoutEffect(one)) {
      this.#withoutEffect += 1;
      return;
    }
    this.#count += 1;
    this.#nameless += one.changes.filter(({ relation }) => relation === undefined).length;
    if (this.#listed.length < this.#request.mostListed) this.#listed.push(one);
    this.#rank(one);
    this.#draw(one);
  }

  /** What was kept so far. */
  digest(): LogDigest {
    return {
      listed: this.#listed,
      largest: this.#largest.map(({ one }) => one),
      count: this.#count,
      withoutEffectCount: this.#withoutEffect,
      first: this.#first,
      last: this.#last,
      bars: widenBars([...this.#bars.values()], this.#barMinutes, this.#request.offsetMinutes),
      barMinutes: this.#barMinutes,
      namelessCount: this.#nameless,
    };
  }

  get #barMinutes(): number {
    return BAR_MINUTES[this.#width] ?? 1;
  }

  #rank(one: LoggedTransaction): void {
    const weight = weightOfTransaction(one);
    const lightest = this.#largest.at(-1);
    const isFull = this.#largest.length >= this.#request.mostLargest;
    if (isFull && (lightest === undefined || weight <= lightest.weight)) return;
    const place = this.#largest.findIndex((other) => other.weight < weight);
    this.#largest.splice(place === -1 ? this.#largest.length : place, 0, { one, weight });
    if (this.#largest.length > this.#request.mostLargest) this.#largest.pop();
  }

  #draw(one: LoggedTransaction): void {
    const { offsetMinutes } = this.#request;
    const atMinute = Number(one.timeUs / 60_000_000n);
    const minute = Math.floor((atMinute + offsetMinutes) / this.#barMinutes) * this.#barMinutes - offsetMinutes;
    const added = { minute, transactions: 1, rows: rowsOfTransaction(one), hasLarge: isLargeTransaction(one) };
    this.#bars.set(minute, addBars(this.#bars.get(minute), added));
    if (this.#bars.size <= MOST_BARS_HELD || this.#width >= BAR_MINUTES.length - 1) return;
    this.#width += 1;
    const wide = widenBars([...this.#bars.values()], this.#barMinutes, offsetMinutes);
    this.#bars = new Map(wide.map((bar) => [bar.minute, bar]));
  }
}
