/**
 * Which segments in front of a position changed names, by the summaries of their indexes: those alone have to be read to
 * know the names at that position.
 *
 * @module
 */

import type { TimelineHistory } from '../../postgres/timeline-history.ts';
import type { ArchivedWal } from '../archived-wal.ts';
import { chooseSegment } from '../segment-choice.ts';
import { readIndexSummary } from '../segment-indexes-object.ts';
import type { SegmentPlaces } from '../segment-source.ts';

/** Where to look. Segments by number, the first one included, the last one not. */
export interface LeadRequest extends SegmentPlaces {
  readonly wal: ArchivedWal;
  readonly line: TimelineHistory;
  readonly firstIndex: bigint;
  readonly behindIndex: bigint;
  readonly signal?: AbortSignal | undefined;
}

/** The segments in front of a position. */
export interface LeadSegments {
  /** The first that was looked at: where there are too many without an index, not all were. */
  readonly firstIndex: bigint;
  /** Those in which names changed, or of which nothing tells. */
  readonly wanted: ReadonlySet<bigint>;
}

const READ_AT_ONCE = 32;
/** Segments without an index have to be decoded. */
const MOST_WITHOUT_INDEX = 64;

/** Looks, the newest first, until too many have no index. */
export async function findLeadSegments(request: LeadRequest): Promise<LeadSegments> {
  const wanted = new Set<bigint>();
  let withoutIndex = 0;
  for (let behind = request.behindIndex; behind > request.firstIndex;) {
    const indexes = descending(behind, request.firstIndex);
    const told = await Promise.all(indexes.map(async (index) => hasDdl(request, index)));
    for (const [place, index] of indexes.entries()) {
      if (told[place] === undefined) withoutIndex += 1;
      if (withoutIndex > MOST_WITHOUT_INDEX) return { firstIndex: index + 1n, wanted };
      if (told[place] !== false) wanted.add(index);
    }
    behind -= BigInt(indexes.length);
    request.signal?.throwIfAborted();
  }
  return { firstIndex: request.firstIndex, wanted };
}

function descending(behind: bigint, first: bigint): bigint[] {
  const count = Math.min(READ_AT_ONCE, Number(behind - first));
  return Array.from({ length: count }, (_, step) => behind - 1n - BigInt(step));
}

/** `undefined`: no index tells. */
async function hasDdl(
  { store, wal, line, signal, onIgnoredIndex }: LeadRequest,
  index: bigint,
): Promise<boolean | undefined> {
  const segment = chooseSegment(wal, line, index);
  // A hole costs nothing to read, and has to be known of.
  if (segment === undefined) return true;
  if (store === undefined || segment.validBelow !== undefined) return undefined;
  const found = await readIndexSummary({ store, wal, segment, signal });
  if (found.kind === 'ignored') onIgnoredIndex?.(found.ignored);
  return found.kind === 'sound' ? found.value.hasDdl : undefined;
}
