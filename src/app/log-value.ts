/**
 * A log as it is answered: where it was read, and how it ended.
 *
 * @module
 */

import type { ScanEnd } from '../history/scan.ts';
import type { Lsn } from '../postgres/lsn.ts';

/** Where a log comes from, known before its first transaction. */
export interface LogFacts {
  readonly clusterName: string;
  /** The archive's, or the folder of WAL. */
  readonly address: string;
  readonly systemIdentifier: bigint;
  readonly timeline: number;
  /** The same, where commands that are printed must name it; otherwise they find it unasked. */
  readonly namedTimeline: number | undefined;
  /** Commit times asked for; `undefined`: from the first, to the last. */
  readonly sinceUs: bigint | undefined;
  readonly untilUs: bigint | undefined;
  /** Where reading begins. */
  readonly fromLsn: Lsn;
  /** Where names of relations come from, in a few words. */
  readonly names: string;
  /** What the reader should know, a sentence each. */
  readonly notes: readonly string[];
}

/** How a log ended; `limit`: it has as many as were asked for, and may go on. */
export type LogEnd = ScanEnd | { readonly kind: 'limit' };

/** True if there is more history than could be read. */
export function isCutShort(end: LogEnd): boolean {
  return end.kind === 'hole' || end.kind === 'damage';
}
