/**
 * Looks a WAL file up in the archive, and says in one word what a server may conclude: found and checked, absent, in a
 * hole, or not known.
 *
 * It does not throw: whoever asks is a server, and everything that goes wrong is one of the answers.
 *
 * @module
 */

import type { ReadableCompression } from '../base/compression-names.ts';
import { Failure, messageOf } from '../base/failure.ts';
import { isSegmentName, walSegmentSize } from '../postgres/wal-segment.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';
import { WAL_FOLDER, walFileOf } from '../walg/object-names.ts';
import { readASegmentHeader } from './archive-identity.ts';
import { checkWalFile, type ExpectedWal } from './check-wal-file.ts';
import type { FetchOutcome } from './fetch-exit-code.ts';
import { findLaterWal } from './later-wal.ts';
import { readWalFile, type ReadWalFileOptions } from './read-wal-file.ts';

/** A file to look up. */
export interface LookUpWalFile extends CallOptions {
  readonly store: ObjectStore;
  readonly fileName: string;
  /** The cluster that asks. Without its segment size, a segment of the archive tells it. */
  readonly expected: Required<ExpectedWal>;
  /** The compression to try first. */
  readonly preferred?: ReadableCompression | undefined;
  /** As in {@link ReadWalFileOptions}. */
  readonly beforeDecoding?: (() => Promise<void>) | undefined;
}

/** A file that was found, or why there is none. */
export type LookedUp =
  | { readonly kind: 'found'; readonly bytes: Buffer }
  | Exclude<FetchOutcome, { readonly kind: 'fetched' }>;

/** Anything thrown, as an outcome. */
export function failedOutcome(error: unknown): Extract<FetchOutcome, { readonly kind: 'failed' }> {
  if (!(error instanceof Failure)) return { kind: 'failed', cause: 'bug', message: messageOf(error) };
  return { kind: 'failed', cause: error.kind, message: `${error.message}. ${error.remedy}` };
}

async function holdsWal(store: ObjectStore, options: CallOptions): Promise<boolean> {
  for await (const { key } of store.list(WAL_FOLDER, options)) if (walFileOf(key) !== undefined) return true;
  return false;
}

async function concludeAbsence(given: LookUpWalFile, options: CallOptions): Promise<LookedUp> {
  const { store, fileName, expected } = given;
  if (!isSegmentName(fileName)) return { kind: 'absent' };
  const size = expected.walSegmentSizeBytes ?? (await readASegmentHeader(store, options))?.walSegmentSizeBytes;
  if (size === undefined) {
    if (!(await holdsWal(store, options))) return { kind: 'absent' };
    const message = `cannot tell whether ${fileName} is the end of the archive: the segment size of the cluster is not known`;
    return { kind: 'failed', cause: 'failed', message };
  }
  const later = await findLaterWal(store, fileName, walSegmentSize(size), options);
  if (later === undefined) return { kind: 'absent' };
  const message = `cannot fetch ${fileName}: it is missing in ${store.address}, and later WAL of its line of history is there (${later}). Nothing behind this hole can be recovered; choose a target before it, or put the segment back`;
  return { kind: 'hole', message };
}

/** Looks up one file. */
export async function lookUpWalFile(given: LookUpWalFile): Promise<LookedUp> {
  const { store, fileName, expected, preferred, beforeDecoding, signal } = given;
  const options = signal === undefined ? {} : { signal };
  try {
    const reading: ReadWalFileOptions = {
      ...options,
      beforeDecoding,
      ...(preferred === undefined ? {} : { preferred }),
    };
    const found = await readWalFile(store, fileName, reading);
    if (found === undefined) return await concludeAbsence(given, options);
    checkWalFile(found.bytes, fileName, `${found.key} in ${store.address}`, expected);
    return { kind: 'found', bytes: found.bytes };
  } catch (error) {
    return failedOutcome(error);
  }
}
