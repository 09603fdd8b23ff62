/**
 * What a trap is: one way in which a recovery can hurt the live cluster or the way back, set up on a real server.
 *
 * @module
 */

import assert from 'node:assert/strict';

import { isFailure, type Failure, type FailureKind } from '../../../src/base/failure.ts';

/** One trap. */
export interface Trap {
  /** What is walked into, as a noun phrase. */
  readonly name: string;
  /**
   * Walks into it on a server of `major`. Returns what prevented it, in words.
   *
   * @throws if it was not prevented, or if what was prevented left something behind.
   */
  spring(major: number): Promise<string>;
}

/**
 * The failure of `work`: of that kind, and with all of `words` in its message, facts and remedy.
 *
 * @throws {AssertionError} if it succeeds, or fails otherwise.
 */
export async function failureOf(
  kind: FailureKind,
  words: readonly (string | RegExp)[],
  work: () => Promise<unknown>,
): Promise<Failure> {
  const outcome = await work().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (outcome === undefined) assert.fail(`expected a refusal (${words.join(', ')}), and it went through`);
  if (!isFailure(outcome, kind)) throw outcome;
  assert.notEqual(outcome.remedy, '', 'a refusal without a remedy');
  const text = [outcome.message, ...outcome.facts, outcome.remedy].join('\n');
  for (const word of words) {
    const isSaid = typeof word === 'string' ? text.includes(word) : word.test(text);
    assert.ok(isSaid, `the refusal does not say ${String(word)}:\n${text}`);
  }
  return outcome;
}

/** What `work` gives, if it does within the time; a server that hangs must not hang the proof. */
export async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took more than ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
