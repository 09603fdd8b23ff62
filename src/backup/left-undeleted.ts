/**
 * Objects that a writer is to delete and may not: append-only credentials, or a store that keeps everything for a while.
 * They stay, and neither backups nor the lease of an archive depend on it.
 *
 * @module
 */

import { isFailure, type Failure, type FailureKind } from '../base/failure.ts';

const NOT_NOW: readonly FailureKind[] = ['denied', 'refused', 'unavailable'];

/** The failure that says that something stays. @throws what is no such failure. */
export function leftUndeleted(error: unknown): Failure {
  if (isFailure(error) && NOT_NOW.includes(error.kind)) return error;
  throw error;
}

/** In words, with what the right to delete is for. */
export function leftUndeletedWords({ message, remedy }: Failure): string {
  return `${message}; it stays. Backups, WAL and the lease do not need the right to delete, pruning does. ${remedy}`;
}
