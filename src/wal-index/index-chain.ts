/**
 * Whether the index of a segment goes on where that of the segment before ended: the rest of the record that crosses the
 * border, and the link of the first record to the one before it.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import type { SegmentIndex } from './segment-index.ts';

/** Where a chain of records is behind a segment. */
export interface ChainEnd {
  /** The last record that began and is whole; `undefined`: none was seen yet. */
  readonly lastLsn: Lsn | undefined;
  /** The record that goes on in the next segment. `lsn` is unknown if it began before what was read. */
  readonly open: { readonly lsn: Lsn | undefined; readonly missingBytes: number } | undefined;
}

/** What a chain needs to know of an index. */
type Link = Pick<SegmentIndex, 'head' | 'first' | 'last' | 'tail' | 'stop'>;

/** The next link, or what does not fit, in words. @param before `undefined`: nothing was read before. */
export function followChain(before: ChainEnd | undefined, index: Link): ChainEnd | string {
  const { head, first, stop } = index;
  const wasNotWritten = stop !== undefined && first === undefined && head.restBytes === 0;
  if (before === undefined || wasNotWritten)
    return endOf({ previousLsn: before?.lastLsn, wholeLsn: before?.lastLsn, openLsn: undefined }, index);
  const { open } = before;
  // A record that was lost goes on in this segment up to where it was, or not at all.
  const isLost = head.isOverwritten;
  if (!(isLost && head.restBytes === 0) && head.restBytes !== (open?.missingBytes ?? 0)) {
    return 'it does not go on with the record that the segment before began';
  }
  const previousLsn = open === undefined || isLost ? before.lastLsn : open.lsn;
  if (first !== undefined && previousLsn !== undefined && first.previousLsn !== previousLsn) {
    return 'its first record does not follow the last of the segment before';
  }
  return endOf({ previousLsn, wholeLsn: before.lastLsn, openLsn: open?.lsn }, index);
}

/** What was before a segment. */
interface Before {
  /** The last record before the first of this segment, the one that ends here included. */
  readonly previousLsn: Lsn | undefined;
  /** The last one that was whole before. */
  readonly wholeLsn: Lsn | undefined;
  /** The record that this segment goes on with. */
  readonly openLsn: Lsn | undefined;
}

function endOf({ previousLsn, wholeLsn, openLsn }: Before, { head, last, tail }: Link): ChainEnd {
  if (tail !== undefined) {
    return {
      lastLsn: last?.lsn ?? previousLsn,
      open: { lsn: tail.lsn, missingBytes: tail.totalBytes - tail.bytes.length },
    };
  }
  const missingBytes = head.isOverwritten ? 0 : head.restBytes - head.bytes.length;
  if (missingBytes > 0) return { lastLsn: wholeLsn, open: { lsn: openLsn, missingBytes } };
  return { lastLsn: last?.lsn ?? previousLsn, open: undefined };
}
