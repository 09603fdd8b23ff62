/**
 * A plan reads the archive alone, and the archive has a transaction once its segment is full or closed: without this, what was
 * committed in the last minutes would not be found, or be missing from the losses.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';
import type { ArchivedTail } from './archive-tail.ts';
import type { RecoveryUses } from './uses.ts';

/** For so long it is waited at most; the archiver of a server that is all right needs a second. */
const MOST_MS = 10_000;

/**
 * Has the live server archive all it has written so far. One that cannot be asked is no reason not to plan.
 *
 * @param archive does it, and gives up after the time.
 * @returns the segment that does not get there.
 */
export async function archiveNewest(
  { onProgress, archiveTimeoutMs = MOST_MS }: Pick<RecoveryUses, 'onProgress' | 'archiveTimeoutMs'>,
  archive: (timeoutMs: number) => Promise<ArchivedTail>,
): Promise<string | undefined> {
  onProgress({ phase: 'scan', done: 0, unit: 'segments', note: 'the server archives its newest WAL' });
  try {
    const tail = await archive(Math.min(MOST_MS, archiveTimeoutMs));
    return tail.outcome === 'late' ? tail.lastSegment : undefined;
  } catch (error) {
    if (isFailure(error)) return undefined;
    throw error;
  }
}
