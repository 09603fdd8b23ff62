/**
 * What the thread that tries mutations is given, and what it tells.
 *
 * @module
 */

/** Seeds in a row. */
export interface MutationRange {
  readonly seed: number;
  readonly count: number;
}

/** After how many inputs the thread tells how far it is. */
export const NOTICE_EVERY = 200;

/** In the order in which it came about. */
export type MutationNotice =
  | { readonly kind: 'ready'; readonly soundTransactions: number }
  | { readonly kind: 'wrong' | 'crash'; readonly seed: number; readonly what: string }
  /** All seeds before `next` were tried; `broken` of them broke a record's CRC. */
  | { readonly kind: 'done'; readonly next: number; readonly broken: number };

/** True for what a thread is to be given. */
export function isMutationRange(value: unknown): value is MutationRange {
  return typeof value === 'object' && value !== null && 'seed' in value && 'count' in value;
}
