/**
 * The order of transaction numbers: they have 32 bits and go round.
 *
 * Source: `src/backend/access/transam/transam.c` (`TransactionIdPrecedes`).
 *
 * @module
 */

/** True if `a` was assigned before `b`. Both are low 32 bits of numbers less than 2^31 apart. */
export function xidPrecedes(a: number, b: number): boolean {
  return ((a - b) | 0) < 0;
}
