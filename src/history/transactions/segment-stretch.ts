/**
 * The segments of a line of history as stretches that follow each other: a segment's work and events, and before them those of
 * the record that crosses into it.
 *
 * What does not go on where the segment before ended is refused: nothing of it is believed.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { Lsn } from '../../postgres/lsn.ts';
import { timelineAt, type TimelineHistory } from '../../postgres/timeline-history.ts';
import type { WalStop } from '../../postgres/wal-records/wal-stop.ts';
import { indexRecord } from '../../wal-index/build-segment-index.ts';
import type { IndexEvent, SegmentIndex, XidWork } from '../../wal-index/segment-index.ts';
import type { NameBook } from '../names/name-book.ts';
import { filesInMap } from '../segment-indexes-catalogs.ts';
import { followChain, type ChainEnd } from '../../wal-index/index-chain.ts';
import { BorderRecords, type BorderRecord } from './border-record.ts';

/** What one segment adds. The work of {@link crossing} is done, and its events come, before the segment's own. */
export interface Stretch {
  readonly kind: 'stretch';
  readonly crossing: { readonly work: readonly XidWork[]; readonly events: readonly IndexEvent[] };
}

const NOTHING: Stretch['crossing'] = { work: [], events: [] };

/** Is shown all segments in order. */
export class Stretches {
  readonly #line: TimelineHistory;
  readonly #names: Pick<NameBook, 'catalogFiles'>;
  readonly #borders = new BorderRecords();
  #chain: ChainEnd | undefined;
  #lastLsn: Lsn | undefined;

  constructor(line: TimelineHistory, names: Pick<NameBook, 'catalogFiles'>) {
    this.#line = line;
    this.#names = names;
  }

  /** The last whole record of what was shown. */
  get lastLsn(): Lsn | undefined {
    return this.#lastLsn;
  }

  /** Enters the next segment; where reading has to stop, if it does not go on with the one before. */
  enter(index: SegmentIndex): Stretch | WalStop {
    const chain = followChain(this.#chain, index);
    if (typeof chain === 'string') return broken(index, index.startLsn, chain);
    const border = this.#borders.enter(index);
    if (border.kind === 'broken') return broken(index, border.lsn, border.reason);
    const crossing = border.kind === 'record' ? this.#crossing(border.record, index) : NOTHING;
    if ('reason' in crossing) return broken(index, crossing.lsn, crossing.reason);
    this.#borders.leave(index);
    this.#chain = chain;
    this.#lastLsn = index.last?.lsn ?? this.#lastLsn;
    return { kind: 'stretch', crossing };
  }

  #crossing(
    record: BorderRecord,
    { major, events: following }: SegmentIndex,
  ): Stretch['crossing'] | { readonly lsn: Lsn; readonly reason: string } {
    const { bytes, lsn, endLsn, previousLsn } = record;
    if (this.#lastLsn !== undefined && previousLsn !== this.#lastLsn) {
      return { lsn, reason: 'a record that does not follow the one before' };
    }
    try {
      // All that was read before is in the names, and what a rewrite that goes on here ends with in this segment.
      const catalogFiles = [...this.#names.catalogFiles(), ...filesInMap(following)];
      // What a segment says of its timeline is the name of its file; a branch may be in the middle of it.
      const { events, work } = indexRecord(bytes, lsn, endLsn, timelineAt(this.#line, lsn), major, { catalogFiles });
      this.#lastLsn = lsn;
      return { work, events };
    } catch (error) {
      if (isFailure(error, 'corrupt')) return { lsn, reason: error.message };
      throw error;
    }
  }
}

function broken({ fileName, startLsn }: SegmentIndex, lsn: Lsn, reason: string): WalStop {
  const offsetBytes = Math.max(Number(lsn - startLsn), 0);
  return { kind: 'damaged', fileName, offsetBytes, lsn, reason };
}
