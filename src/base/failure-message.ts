/**
 * Failures as plain data, to cross from a worker thread to the main one. (A thread's messages keep an `Error`'s text and
 * lose its class.)
 *
 * @module
 */

import { Failure, isFailure, messageOf, type FailureKind } from './failure.ts';

/** What was thrown in another thread. */
export interface FailureMessage {
  /** Absent if it was no {@link Failure}. */
  readonly kind?: FailureKind;
  readonly message: string;
  readonly remedy: string;
  readonly facts: readonly string[];
  /** Name of the error in the system's words, such as `ENOSPC`. */
  readonly code?: string;
}

/** Anything thrown, as data. */
export function failureToMessage(error: unknown): FailureMessage {
  if (isFailure(error)) {
    return { kind: error.kind, message: error.message, remedy: error.remedy, facts: error.facts };
  }
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return { message: messageOf(error), remedy: '', facts: [], ...(typeof code === 'string' ? { code } : {}) };
}

/** The failure again; `otherwise` words what was no {@link Failure}. */
export function failureFromMessage(
  failure: FailureMessage,
  otherwise: (message: string, code: string | undefined) => Failure,
): Failure {
  if (failure.kind === undefined) return otherwise(failure.message, failure.code);
  return new Failure(failure.kind, failure);
}
