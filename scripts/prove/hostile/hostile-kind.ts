/**
 * One kind of hostile input: sound objects, a change to one of them, and what reads it.
 *
 * To add a kind, write a file beside this one that exports it, and add it to `hostile-kinds.ts`.
 *
 * @module
 */

import type { Random } from '../../../tests/support/random.ts';

/** What must not happen: a wrong answer, or something was written outside the place that was to be restored to. */
export interface HostileFault {
  readonly kind: 'wrong' | 'outside';
  readonly what: string;
  readonly input: Buffer;
}

/**
 * What became of one input. Whatever is thrown that is no answer of the program to bad input is a crash; a wrong answer
 * comes with the input.
 */
export type HostileOutcome =
  /** A failure that names the object. */
  | { readonly kind: 'refused' }
  /** What was changed did not matter. */
  | { readonly kind: 'same' }
  /** It was read as something else, where nothing in the format could tell. */
  | { readonly kind: 'different' }
  | HostileFault;

/** Tries inputs, one after another. */
export interface HostileTrials extends AsyncDisposable {
  /** One input, drawn by `random`. */
  tryOne(random: Random): Promise<HostileOutcome>;
}

/** A kind of input. */
export interface HostileKind {
  readonly name: string;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** Makes the sound objects. */
  prepare(): Promise<HostileTrials>;
}
