/**
 * The indexes of a line of history, and then of each segment as it comes.
 *
 * @module
 */

import { setTimeout as wait } from 'node:timers/promises';

import { listWal } from '../history/segment-source-wal.ts';
import { readSegmentIndexes, type SegmentIndexRequest, type SegmentIndexScan } from '../history/segment-indexes.ts';
import type { ScanEnd } from '../history/scan-end.ts';
import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { SegmentIndex } from '../wal-index/segment-index.ts';

const POLL_MS = 2000;

/** Segments are archived side by side: one that is missing while a later one is there may only be late. */
const HOLE_PATIENCE_MS = 60_000;

/** Never ends by itself but at damage, or at a hole that stays: at the end of the archive it waits for more. */
export class FollowedIndexes implements AsyncIterable<SegmentIndex> {
  readonly #request: Omit<SegmentIndexRequest, 'wal'>;
  #current: SegmentIndexScan | undefined;

  constructor(request: Omit<SegmentIndexRequest, 'wal'>) {
    this.#request = request;
  }

  get end(): ScanEnd | undefined {
    return this.#current?.end;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SegmentIndex> {
    const { signal } = this.#request;
    let fromLsn: Lsn = this.#request.fromLsn;
    let holeMs = 0;
    for (;;) {
      const wal = await listWal(this.#request, signal);
      this.#current = readSegmentIndexes({ ...this.#request, wal, fromLsn });
      for await (const index of this.#current) {
        yield index;
        fromLsn = lsn(index.startLsn + BigInt(index.sizeBytes));
        holeMs = 0;
      }
      const { end } = this.#current;
      if (end?.kind === 'hole') holeMs += POLL_MS;
      if ((end?.kind !== 'endOfArchive' && end?.kind !== 'hole') || holeMs > HOLE_PATIENCE_MS) return;
      await wait(POLL_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}
