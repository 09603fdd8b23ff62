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

/** Never ends by itself but at a hole or damage: at the end of the archive it waits for more. */
export class FollowedIndexes implements AsyncIterable<SegmentIndex> {
  readonly #request: SegmentIndexRequest;
  #current: SegmentIndexScan | undefined;

  constructor(request: SegmentIndexRequest) {
    this.#request = request;
  }

  get end(): ScanEnd | undefined {
    return this.#current?.end;
  }

  get last(): SegmentIndexScan['last'] {
    return this.#current?.last;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SegmentIndex> {
    const { signal } = this.#request;
    let fromLsn: Lsn = this.#request.fromLsn;
    let wal = this.#request.wal;
    for (;;) {
      this.#current = readSegmentIndexes({ ...this.#request, wal, fromLsn });
      for await (const index of this.#current) {
        yield index;
        fromLsn = lsn(index.startLsn + BigInt(index.sizeBytes));
      }
      if (this.#current.end?.kind !== 'endOfArchive') return;
      await wait(POLL_MS, undefined, signal === undefined ? {} : { signal });
      wal = await listWal(this.#request, signal);
    }
  }
}
