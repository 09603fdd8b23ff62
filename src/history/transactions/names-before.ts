/**
 * What became of names between the last snapshot of them and a position: a table that was renamed, rewritten or made in
 * between has the name, and the file, that it has there.
 *
 * Segments in which names changed are read, and their neighbours: a record that crosses a border is in the index of neither.
 * From a change on, all are until its transaction has ended.
 *
 * @module
 */

import type { OnProgress } from '../../base/progress.ts';
import { lsn, type Lsn } from '../../postgres/lsn.ts';
import type { TimelineHistory } from '../../postgres/timeline-history.ts';
import { versionByMajor } from '../../postgres/versions.ts';
import type { SegmentIndex } from '../../wal-index/segment-index.ts';
import type { ArchivedWal } from '../archived-wal.ts';
import { CatalogFollower } from '../names/catalog-follower.ts';
import type { NameBook } from '../names/name-book.ts';
import { runsOfLine } from '../line-runs.ts';
import { workersFor } from '../scan-indexes.ts';
import { chooseSegment, expectedSegmentName, nextChosenSegment } from '../segment-choice.ts';
import { readSegmentIndexes } from '../segment-indexes.ts';
import type { SegmentPlaces } from '../segment-source.ts';
import { findLeadSegments, type LeadSegments } from './lead-segments.ts';
import { NameEvents } from './name-events.ts';
import { Stretches } from './segment-stretch.ts';

/** What to follow, and where to. */
export interface NamesBeforeRequest extends SegmentPlaces {
  readonly wal: ArchivedWal;
  readonly line: TimelineHistory;
  /** Its snapshots are there; is filled with what the WAL says. */
  readonly names: NameBook;
  /** Where reading begins afterwards. */
  readonly fromLsn: Lsn;
  readonly onProgress?: OnProgress | undefined;
  /** Told where names could not be followed. Must not throw. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** So far back, where there is no snapshot: 64 GiB of WAL in segments of 16 MiB. */
const MOST_SEGMENTS_BACK = 4096n;

/**
 * Follows names from the last snapshot before the segment of a position up to that segment; without one, from the first
 * segment that is there.
 *
 * @returns what has followed them: whoever reads on gives it the changes behind.
 */
export async function followNamesBefore(request: NamesBeforeRequest): Promise<CatalogFollower> {
  return new LeadReader(request).read();
}

class LeadReader {
  readonly #request: NamesBeforeRequest;
  readonly #sizeBytes: bigint;
  readonly #behindIndex: bigint;
  #follower: CatalogFollower;
  #events: NameEvents;

  constructor(request: NamesBeforeRequest) {
    this.#request = request;
    this.#sizeBytes = BigInt(request.wal.segmentSizeBytes);
    this.#behindIndex = request.fromLsn / this.#sizeBytes;
    this.#follower = this.#followerFrom(this.#behindIndex);
    this.#events = new NameEvents(this.#follower);
  }

  async read(): Promise<CatalogFollower> {
    const { names, fromLsn } = this.#request;
    const snapshotLsn = names.snapshots.findLast((snapshot) => snapshot.lsn < fromLsn)?.lsn;
    const firstIndex = this.#firstIndex(snapshotLsn);
    const lead = await findLeadSegments({ ...this.#request, firstIndex, behindIndex: this.#behindIndex });
    if (lead.firstIndex > firstIndex && snapshotLsn !== undefined) this.#warnOfUnindexed(lead.firstIndex - firstIndex);
    this.#beginAt(lead.firstIndex);
    for (let index = lead.firstIndex; index < this.#behindIndex;) {
      index = this.#isWanted(lead, index) ? await this.#readStretch(lead, index) : index + 1n;
    }
    return this.#follower;
  }

  #beginAt(index: bigint): void {
    this.#follower = this.#followerFrom(index);
    this.#events = new NameEvents(this.#follower);
  }

  #followerFrom(index: bigint): CatalogFollower {
    const { names, wal } = this.#request;
    return new CatalogFollower(names, versionByMajor(wal.majorVersion).major, lsn(index * this.#sizeBytes));
  }

  #firstIndex(snapshotLsn: Lsn | undefined): bigint {
    if (snapshotLsn !== undefined) return snapshotLsn / this.#sizeBytes;
    const { wal, line, fromLsn } = this.#request;
    const run = runsOfLine(wal, line).runs.findLast((one) => one.fromLsn <= fromLsn && fromLsn < one.toLsn);
    const begin = (run?.fromLsn ?? fromLsn) / this.#sizeBytes;
    const back = this.#behindIndex - MOST_SEGMENTS_BACK;
    return begin > back ? begin : back;
  }

  /** Where a catalog was rewritten, an index may have been made without knowing it, and does not tell of changes to it. */
  #isWanted({ wanted }: LeadSegments, index: bigint): boolean {
    const { names } = this.#request;
    const isNear = wanted.has(index - 1n) || wanted.has(index) || wanted.has(index + 1n);
    return isNear || this.#follower.hasPending || names.catalogFiles().length > 0;
  }

  /** Reads on while it is worth it. @returns the next segment to look at. */
  async #readStretch(lead: LeadSegments, begin: bigint): Promise<bigint> {
    const { names, line, fromLsn } = this.#request;
    const stretches = new Stretches(line, names);
    const span = { ...this.#request, fromLsn: lsn(begin * this.#sizeBytes), toLsn: fromLsn };
    const indexes = readSegmentIndexes({
      ...span,
      catalogFiles: () => names.catalogFiles(),
      workerCount: workersFor(span),
    });
    let next = begin;
    for await (const index of indexes) {
      const stretch = stretches.enter(index);
      if (stretch.kind !== 'stretch') return this.#breakAt(next, stretch.reason);
      for (const event of stretch.crossing.events) this.#events.take(event);
      // Of the first segment that is read afterwards, that is all that reading it does not tell.
      if (next >= this.#behindIndex) return next;
      for (const event of index.events) this.#events.take(event);
      next += 1n;
      if (!this.#goesOn(lead, next, index)) return next;
    }
    return this.#breakAt(next, indexes.end?.kind === 'damage' ? indexes.end.stop.reason : 'it is not there');
  }

  #goesOn(lead: LeadSegments, next: bigint, { tail }: SegmentIndex): boolean {
    return next < this.#behindIndex ? this.#isWanted(lead, next) : tail !== undefined;
  }

  /** Rows may have moved in what cannot be read: what is known of their places does not hold behind it. */
  #breakAt(index: bigint, reason: string): bigint {
    if (index >= this.#behindIndex) return index;
    const { wal, line, onWarning } = this.#request;
    const isThere = chooseSegment(wal, line, index) !== undefined;
    const next = isThere ? index + 1n : (nextChosenSegment(wal, line, index)?.index ?? this.#behindIndex);
    this.#beginAt(next);
    onWarning?.(
      `names cannot be followed through ${expectedSegmentName(wal, line, index)}: ${reason}. What was renamed or rewritten there may have an older name.`,
    );
    return next;
  }

  #warnOfUnindexed(count: bigint): void {
    this.#request.onWarning?.(
      `names are those of the last snapshot of them: what was renamed or rewritten in the ${count} segments behind it, which have no index, may have an older name. walkback history index makes them.`,
    );
  }
}
