/**
 * What the thread that tries hostile inputs is given, and what it tells.
 *
 * @module
 */

import type { HostileFault, HostileOutcome } from './hostile-kind.ts';

/** Seeds in a row. */
export interface HostileRange {
  readonly seed: number;
  readonly count: number;
}

/** After how many inputs the thread tells how far it is. */
export const NOTICE_EVERY = 200;

/** How many inputs came out how. */
export type HostileCounts = Readonly<Record<HostileOutcome['kind'], number>>;

/** In the order in which it came about. */
export type HostileNotice =
  | { readonly kind: 'ready'; readonly kinds: readonly string[] }
  | { readonly kind: HostileFault['kind'] | 'crash'; readonly seed: number; readonly what: string }
  /** All seeds before `next` were tried. */
  | { readonly kind: 'done'; readonly next: number; readonly counts: HostileCounts };

/** True for what a thread is to be given. */
export function isHostileRange(value: unknown): value is HostileRange {
  return typeof value === 'object' && value !== null && 'seed' in value && 'count' in value;
}
