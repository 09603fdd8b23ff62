/**
 * Where the segments of a line of history come from: an archive, a server's `pg_wal`, or both.
 *
 * `pg_wal` has the newest segments, which no archive has yet; the last of them ends early, and files behind it are
 * prepared for later use with what they held under another name. So where a segment of `pg_wal` stops being written is
 * the end of what there is, not damage.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readWalFile } from '../archive/read-wal-file.ts';
import { Failure, isFailure, messageOf } from '../base/failure.ts';
import type { WalStop } from '../postgres/wal-records/wal-stop.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { ChosenSegment } from './segment-choice.ts';
import type { IgnoredIndex } from './segment-indexes-object.ts';

/** What to read segments from. At least one of the two. */
export interface SegmentPlaces {
  readonly store?: ObjectStore | undefined;
  /** A server's `pg_wal`. */
  readonly pgWal?: string | undefined;
  /** Told of index objects that are there and are of no use, whenever one is met; their segments are read. Must not throw. */
  readonly onIgnoredIndex?: ((ignored: IgnoredIndex) => void) | undefined;
}

/** One segment as it was found. */
export interface FoundSegment {
  readonly bytes: Buffer;
  readonly place: 'archive' | 'pgWal';
  /** The object or the file, for messages. */
  readonly storedAs: string;
}

/** Reads segments by name. */
export class SegmentSource {
  readonly #places: SegmentPlaces;

  constructor(places: SegmentPlaces) {
    this.#places = places;
  }

  /** A segment; `undefined` if neither place has it. @param place where to look, if not at both. */
  async read(
    fileName: string,
    signal: AbortSignal | undefined,
    place?: FoundSegment['place'],
  ): Promise<FoundSegment | undefined> {
    const { store, pgWal } = this.#places;
    if (pgWal !== undefined && place !== 'archive') {
      const path = join(pgWal, fileName);
      const bytes = await readIfThere(path);
      if (bytes !== undefined) return { bytes, place: 'pgWal', storedAs: path };
    }
    if (store === undefined || place === 'pgWal') return undefined;
    const file = await readWalFile(store, fileName, signal === undefined ? {} : { signal });
    return file === undefined ? undefined : { bytes: file.bytes, place: 'archive', storedAs: file.key };
  }
}

/**
 * Reading stops at a segment whose object cannot be unpacked, as at one whose first page is damaged: what is before it is
 * as good as ever.
 *
 * @throws `error`, if it is anything else: a store that cannot be asked says nothing of the segment.
 */
export function stopAtDamagedObject(
  error: unknown,
  { fileName, startLsn }: Pick<ChosenSegment, 'fileName' | 'startLsn'>,
): WalStop {
  if (!isFailure(error, 'corrupt')) throw error;
  return { kind: 'damaged', fileName, offsetBytes: 0, lsn: startLsn, reason: error.message };
}

async function readIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Failure('failed', {
      message: `cannot read ${path}: ${messageOf(error)}`,
      remedy: 'Give the pg_wal directory of the server, and run as a user that may read it.',
      cause: error,
    });
  }
}
