/**
 * The terms of one lease as objects of a store: creation-if-absent, listings, and the removal of those that are passed.
 *
 * Where they may not be deleted they stay: each look lists from the last known term on then, but for a whole look now and
 * then that removes what may go by then.
 *
 * @module
 */

import { leftUndeleted } from '../backup/left-undeleted.ts';
import type { Failure } from '../base/failure.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import {
  formatTerm,
  leaseKey,
  leaseNumberOf,
  MAX_AGENT_OBJECT_BYTES,
  parseTerm,
  type LeaseTerm,
} from './lease-term.ts';

const WHOLE_LOOK_MS = 3_600_000;
/** A store may take each by itself. */
const MOST_REMOVED = 100;

/** What is needed for them. */
export interface LeaseTermsOptions {
  readonly store: ObjectStore;
  readonly folder: string;
  /** Milliseconds of a clock that is never set. */
  readonly steadyMs: () => number;
  /** Told of each removal that may not be. */
  readonly onUndeleted: (failure: Failure) => void;
}

/** The terms of one folder. */
export class LeaseTerms {
  readonly #store: ObjectStore;
  readonly #folder: string;
  readonly #steadyMs: () => number;
  readonly #onUndeleted: (failure: Failure) => void;
  #doStay = false;
  #wholeLookMs = -Infinity;

  constructor({ store, folder, steadyMs, onUndeleted }: LeaseTermsOptions) {
    this.#store = store;
    this.#folder = folder;
    this.#steadyMs = steadyMs;
    this.#onUndeleted = onUndeleted;
  }

  /** Passed terms could not be removed, when that was tried last. */
  get doStay(): boolean {
    return this.#doStay;
  }

  /** @returns `exists` where there is a term of that number: perhaps this very one, of a call whose answer was lost. */
  async create({ number, ...term }: LeaseTerm, options: CallOptions): Promise<'written' | 'exists'> {
    return this.#store.put(this.#key(number), formatTerm(term), { ...options, ifAbsent: true });
  }

  /** What cannot be read is a term of a holder that nobody knows. */
  async read(number: bigint, options: CallOptions): Promise<LeaseTerm> {
    const range = { startByte: 0, lengthBytes: MAX_AGENT_OBJECT_BYTES + 1 };
    const bytes = await this.#store.get(this.#key(number), { ...options, range });
    return parseTerm(number, bytes ?? Buffer.alloc(0));
  }

  /** The highest number. @param known it is looked for from there on: the last one seen is not removed before there is a higher one. */
  async highest(known: bigint | undefined, options: CallOptions): Promise<bigint | undefined> {
    const from = known === undefined ? undefined : (await this.#numbers(options, known)).at(-1);
    return from ?? (await this.#numbers(options)).at(-1);
  }

  /** The other numbers there are, in order, when `own` was created; of those below it at times only the last. */
  async beside(own: bigint, options: CallOptions): Promise<bigint[]> {
    const numbers = await this.#numbers(options, this.#isWholeLookDue() ? undefined : own - 1n);
    return numbers.filter((number) => number !== own);
  }

  /** Removes passed terms, the oldest first, as far as that may be. */
  async remove(passed: readonly bigint[], options: CallOptions): Promise<void> {
    if (passed.length === 0) return;
    const keys = passed.slice(0, MOST_REMOVED).map((number) => this.#key(number));
    try {
      await this.#store.delete(keys, options);
      this.#doStay = false;
    } catch (error) {
      const failure = leftUndeleted(error);
      if (failure.kind === 'unavailable') return;
      this.#doStay = true;
      this.#onUndeleted(failure);
    }
  }

  #isWholeLookDue(): boolean {
    const now = this.#steadyMs();
    if (this.#doStay && now - this.#wholeLookMs < WHOLE_LOOK_MS) return false;
    this.#wholeLookMs = now;
    return true;
  }

  /** The numbers of terms, in order; from one on, or all. */
  async #numbers(options: CallOptions, from = 0n): Promise<bigint[]> {
    const numbers: bigint[] = [];
    const after = from > 0n ? { after: this.#key(from - 1n) } : {};
    for await (const { key } of this.#store.list(this.#folder, { ...options, ...after })) {
      const number = leaseNumberOf(key, this.#folder);
      if (number !== undefined) numbers.push(number);
    }
    return numbers;
  }

  #key(number: bigint): string {
    return leaseKey(number, this.#folder);
  }
}
