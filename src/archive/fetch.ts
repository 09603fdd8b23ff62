/**
 * Fetches one WAL file for a server: what a `restore_command` is for.
 *
 * The file appears at its destination whole, checked and fsynced, or not at all. What came of it is an outcome, never an
 * exception; {@link fetchExitCode} says what to tell the server.
 *
 * @module
 */

import type { ReadableCompression } from '../base/compression-names.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { writeFileDurably } from './durable-file.ts';
import type { FetchOutcome } from './fetch-exit-code.ts';
import { failedOutcome, lookUpWalFile } from './look-up.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import { readExpectedWal } from './expected-wal.ts';

/** One file to fetch. */
export interface FetchWalFile {
  readonly store: ObjectStore;
  /** As PostgreSQL puts it in for %f. */
  readonly fileName: string;
  /** As PostgreSQL puts it in for %p. */
  readonly destination: string;
  /** Of the server that asks: its control file says which cluster the file must belong to. Without one, the archive says. */
  readonly dataDirectory: string | undefined;
  readonly preferred?: ReadableCompression;
  readonly signal?: AbortSignal;
}

/** Fetches one file. Does not throw. */
export async function fetchWalFile(given: FetchWalFile): Promise<FetchOutcome> {
  const { store, fileName, preferred, signal } = given;
  try {
    const options = signal === undefined ? {} : { signal };
    const expected = await readExpectedWal(given.dataDirectory, store, options);
    const found = await lookUpWalFile({ store, fileName, expected, preferred, ...options });
    if (found.kind !== 'found') return found;
    await writeFileDurably(given.destination, found.bytes);
    releaseBuffer(found.bytes);
    return { kind: 'fetched' };
  } catch (error) {
    return failedOutcome(error);
  }
}
