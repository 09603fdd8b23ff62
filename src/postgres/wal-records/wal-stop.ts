/**
 * Why a reader went no further, in a form that tells the end of what was written from damage.
 *
 * @module
 */

import type { Lsn } from '../lsn.ts';

/**
 * - `unwritten`: zeros where a page or record should begin. The end of WAL in a file taken from `pg_wal`; damage in a
 *   segment that the archiver shipped, which is full up to its end or its switch record.
 * - `stale`: a page of the file's earlier life (a recycled segment). As `unwritten`.
 * - `foreign`: another cluster's, or another major's.
 * - `damaged`: anything else that cannot be right.
 */
export type WalStopKind = 'unwritten' | 'stale' | 'foreign' | 'damaged';

/** Where and why reading stopped inside a segment. What was read before is valid. */
export interface WalStop {
  readonly kind: WalStopKind;
  readonly fileName: string;
  readonly offsetBytes: number;
  readonly lsn: Lsn;
  readonly reason: string;
}
