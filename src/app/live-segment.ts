/**
 * The segment that a server is writing, read again and again: each time what is new in it, as an index of that part.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import { SegmentSource, type SegmentPlaces } from '../history/segment-source.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import { buildSegmentIndex } from '../wal-index/build-segment-index.ts';
import type { SegmentIndex } from '../wal-index/segment-index.ts';

/** What is new. `rest`: nothing more will come, the next segment is to be read. `waiting`: nothing yet. */
export type LiveNews =
  | { readonly kind: 'part' | 'rest'; readonly index: SegmentIndex }
  | { readonly kind: 'waiting'; readonly stop: WalStop }
  /** It is in no place any more, or is not the same: only a segment that is whole tells more. */
  | { readonly kind: 'gone' };

/** Reads one segment as it grows. */
export class LiveSegment {
  readonly #source: SegmentSource;
  readonly #catalogFiles: () => readonly CatalogFile[];
  readonly #begun: SegmentIndex;
  /** The last record that was given. */
  #lastLsn: Lsn;

  /** @param begun what was read of it so far; it has a whole record. */
  constructor(
    places: SegmentPlaces,
    begun: SegmentIndex & { readonly last: { readonly lsn: Lsn } },
    catalogFiles: () => readonly CatalogFile[],
  ) {
    this.#source = new SegmentSource(places);
    this.#begun = begun;
    this.#lastLsn = begun.last.lsn;
    this.#catalogFiles = catalogFiles;
  }

  /** Reads it again. @throws {Failure} what reading throws; a segment that cannot be read is none. */
  async read(signal: AbortSignal | undefined): Promise<LiveNews> {
    const { fileName } = this.#begun;
    const found = await this.#source.read(fileName, signal);
    if (found === undefined) return { kind: 'gone' };
    const index = this.#build(fileName, found.bytes, found.storedAs);
    if (index === undefined) return { kind: 'gone' };
    const { last, stop } = index;
    if (last === undefined && stop !== undefined) return { kind: 'waiting', stop };
    this.#lastLsn = last?.lsn ?? this.#lastLsn;
    return { kind: stop === undefined ? 'rest' : 'part', index };
  }

  #build(fileName: string, bytes: Buffer, storedAs: string): SegmentIndex | undefined {
    const segment = { fileName, bytes, storedAs, fromLsn: lsn(this.#lastLsn + 1n) };
    const { systemIdentifier } = this.#begun;
    try {
      return buildSegmentIndex(segment, { systemIdentifier, catalogFiles: this.#catalogFiles() });
    } catch (error) {
      // The server has used the file again, or has not written its first page yet.
      if (isFailure(error, 'corrupt') || isFailure(error, 'conflict')) return undefined;
      throw error;
    }
  }
}
