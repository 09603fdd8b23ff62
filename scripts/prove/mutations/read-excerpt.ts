/**
 * The transactions of an excerpt, by the whole path: index of each segment, its object written and read, assembled to a list.
 *
 * @module
 */

import { isFailure } from '../../../src/base/failure.ts';
import { NameBook } from '../../../src/history/names/name-book.ts';
import type { ScanEnd } from '../../../src/history/scan-end.ts';
import type { LoggedTransaction } from '../../../src/history/transactions/logged-transaction.ts';
import { readTransactions, type SegmentIndexes } from '../../../src/history/transactions/read-transactions.ts';
import type { Lsn } from '../../../src/postgres/lsn.ts';
import { relationFileKey } from '../../../src/postgres/relation-file.ts';
import { buildSegmentIndex, type BuildOptions } from '../../../src/wal-index/build-segment-index.ts';
import { encodeSegmentIndex } from '../../../src/wal-index/encode.ts';
import type { SegmentIndex } from '../../../src/wal-index/segment-index.ts';
import type { ExcerptSegment } from './excerpts.ts';

/** What was reported. */
export interface Report {
  /** Those that ended, in order; prepared ones apart. */
  readonly ended: readonly LoggedTransaction[];
  readonly prepared: readonly LoggedTransaction[];
  /** Where it is said that reading ended for damage, or because nothing more was written. */
  readonly stopLsn: Lsn | undefined;
}

/** A text that is equal for transactions of which the same is said. */
export function fingerprint(transaction: LoggedTransaction): string {
  const { lsn, endLsn, xid, subxids, outcome, timeUs, databaseOid, changes, definitions } = transaction;
  const rows = changes.map(
    ({ file, inserted, updated, hotUpdated, deleted, movedIn, movedOut }) =>
      `${relationFileKey(file)}:${inserted},${updated},${hotUpdated},${deleted},${movedIn},${movedOut}`,
  );
  const defined = definitions.map(
    ({ kind, file, oid, lsn: at }) => `${kind} ${file && relationFileKey(file)} ${oid} ${at}`,
  );
  return [lsn, endLsn, xid, subxids.join(','), outcome, timeUs, databaseOid, ...rows, ...defined].join(' ');
}

/** Indexes in order, up to the first whose segment cannot be read to its end. */
class ReadIndexes implements SegmentIndexes {
  readonly #indexes: readonly SegmentIndex[];
  end: ScanEnd | undefined;

  constructor(indexes: readonly SegmentIndex[]) {
    this.#indexes = indexes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<SegmentIndex> {
    for (const index of this.#indexes) {
      yield index;
      if (index.stop === undefined) continue;
      this.end = { kind: 'damage', stop: index.stop };
      return;
    }
    this.end = { kind: 'endOfArchive', missing: '' };
  }
}

/** Assembles a list. */
export async function assemble(indexes: readonly SegmentIndex[]): Promise<Report> {
  const line = { timeline: 1, ancestors: [] };
  const scan = readTransactions({ indexes: new ReadIndexes(indexes), names: new NameBook(), line });
  const [ended, prepared]: [LoggedTransaction[], LoggedTransaction[]] = [[], []];
  for await (const one of scan) (one.outcome === 'prepared' ? prepared : ended).push(one);
  return { ended, prepared, stopLsn: scan.end?.kind === 'damage' ? scan.end.stop.lsn : undefined };
}

/** The index of each segment up to the first that cannot be one. Anything but a `Failure` goes on up. */
export function buildIndexes(
  segments: readonly ExcerptSegment[],
  options: BuildOptions = {},
): { indexes: SegmentIndex[]; isRefused: boolean } {
  const indexes: SegmentIndex[] = [];
  for (const { fileName, bytes } of segments) {
    try {
      indexes.push(buildSegmentIndex({ fileName, bytes }, options));
    } catch (error) {
      if (isFailure(error)) return { indexes, isRefused: true };
      throw error;
    }
  }
  return { indexes, isRefused: false };
}

/** True if the reference, without WebAssembly, makes the same of the segments, to the byte. */
export function isAsReference(segments: readonly ExcerptSegment[], indexes: readonly SegmentIndex[]): boolean {
  const reference = buildIndexes(segments, { isPlain: true }).indexes;
  const isSame = (one: SegmentIndex, at: number): boolean => {
    const other = indexes[at];
    return other !== undefined && encodeSegmentIndex(other).equals(encodeSegmentIndex(one));
  };
  return reference.length === indexes.length && reference.every(isSame);
}
