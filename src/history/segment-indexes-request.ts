/**
 * What indexes are asked for.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import type { Lsn } from '../postgres/lsn.ts';
import type { CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import type { ArchivedWal } from './archived-wal.ts';
import type { SegmentPlaces } from './segment-source.ts';

/** What to read. */
export interface SegmentIndexRequest extends SegmentPlaces {
  /** Of the same places: `listWal` of `segment-source-wal.ts`. */
  readonly wal: ArchivedWal;
  readonly line: TimelineHistory;
  /** The segment that holds it is the first. */
  readonly fromLsn: Lsn;
  /** Reading ends with the segment in which the first record at or behind this begins. */
  readonly toLsn?: Lsn | undefined;
  /** False: index objects are not looked at. */
  readonly useIndex?: boolean | undefined;
  /** Store the indexes that were made. That one cannot be stored is no failure of the reading: it is told of. */
  readonly writeIndex?: boolean | undefined;
  /** Told once that an index cannot be stored. Must not throw. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /**
   * Where rewritten catalogs are, as far as is known so far: asked before each index is given. One that was made without
   * knowing it, and needed it, is made anew.
   */
  readonly catalogFiles?: (() => readonly CatalogFile[]) | undefined;
  /** How many threads may decode; the processors of the machine, at most four, unless told. 0: this one. */
  readonly workerCount?: number | undefined;
  readonly onProgress?: OnProgress | undefined;
  readonly signal?: AbortSignal | undefined;
}
