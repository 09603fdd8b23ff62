/**
 * Makes the index of a segment from its bytes, as the object that is stored.
 *
 * The first page is looked at before: what is not the segment that it should be is told as a place where reading stops,
 * and nothing is made of it.
 *
 * @module
 */

import { lsn, type Lsn } from '../postgres/lsn.ts';
import type { CatalogFile } from '../postgres/wal-records/catalog-files.ts';
import { readSegmentHeader } from '../postgres/wal-records/page-header.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import { buildSegmentIndex } from '../wal-index/build-segment-index.ts';
import { encodeSegmentIndex } from '../wal-index/encode.ts';
import { forgetProgramUser } from '../wal-index/fast/program-of-thread.ts';
import type { ArchivedWal } from './archived-wal.ts';
import type { ChosenSegment } from './segment-choice.ts';

/** A segment to make an index of. */
export interface SegmentToIndex {
  readonly fileName: string;
  readonly startLsn: Lsn;
  readonly bytes: Buffer;
  /** The object or the file, for messages. */
  readonly storedAs: string;
  readonly validBelow?: Lsn | undefined;
  /** The size of its object in the archive, where that is known. */
  readonly objectBytes?: number | undefined;
  /** Files of catalogs that were rewritten before it. */
  readonly catalogFiles?: readonly CatalogFile[] | undefined;
}

/** What was made of a segment. */
export interface MadeIndex {
  /** The index, as it is stored. */
  readonly object: Buffer;
  /** Set if the segment could not be read to its end. */
  readonly stopKind: WalStop['kind'] | undefined;
}

/** Makes the index object of a segment. @throws {Failure} `corrupt`, `refused`: it is no segment, or of an unknown major. */
export function makeIndexObject({ catalogFiles = [], ...segment }: SegmentToIndex): MadeIndex {
  const { fileName, bytes, storedAs, validBelow, objectBytes } = segment;
  const index = buildSegmentIndex({ fileName, bytes, storedAs, validBelow }, { catalogFiles });
  const object = encodeSegmentIndex(index, objectBytes);
  // What it was made in is used for the next one, and nobody asks this one for more.
  forgetProgramUser();
  return { object, stopKind: index.stop?.kind };
}

/** The archive's other WAL is of a major that is known: it is not a newer server's. */
function unknownMagicWords(magic: number): string {
  const digits = magic.toString(16).toUpperCase().padStart(4, '0');
  return `its first page has the magic 0x${digits}, which is no PostgreSQL's that is known: overwritten, or encrypted`;
}

/** Where and why a segment cannot be read at all; `undefined` if its first page is as it should be. */
export function headStop(
  bytes: Buffer,
  { fileName, startLsn }: Pick<ChosenSegment, 'fileName' | 'startLsn'>,
  wal: Pick<ArchivedWal, 'systemIdentifier' | 'segmentSizeBytes'>,
): WalStop | undefined {
  const stop = (kind: WalStop['kind'], reason: string): WalStop => ({
    kind,
    fileName,
    offsetBytes: 0,
    lsn: lsn(startLsn),
    reason,
  });
  const header = readSegmentHeader(bytes);
  if ('problem' in header) {
    if (header.problem === 'unknownVersion') return stop('damaged', unknownMagicWords(header.magic));
    if (header.problem === 'unwritten') return stop('unwritten', 'zeros where its first page should begin');
    return stop('damaged', header.reason);
  }
  const { segmentSizeBytes } = wal;
  if (bytes.length !== segmentSizeBytes || header.segmentSizeBytes !== segmentSizeBytes) {
    return stop('damaged', `it has ${bytes.length} bytes, not the ${segmentSizeBytes} of a segment`);
  }
  if (header.startLsn !== startLsn) {
    return stop('stale', 'a page of another position: the file was used before under another name');
  }
  if (header.systemIdentifier !== wal.systemIdentifier) {
    return stop('foreign', `it is of system ${header.systemIdentifier}, not ${wal.systemIdentifier}`);
  }
  return undefined;
}
