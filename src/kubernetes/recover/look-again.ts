/**
 * A plan reads the archive alone, and the archive has a transaction once its segment is full or closed. What was committed in the
 * last minutes is not found there: then the leader is let archive what it has written so far, and the archive is read once more.
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import { archiveTailThrough, type ArchivedTail } from '../../recovery/archive-tail.ts';
import type { SwapUses } from './context.ts';
import { connectToPod } from './pod-server.ts';

/** For so long it is waited at most; the archiver of a server that is all right needs a second. */
const PLAN_MS = 60_000;

/** Where the newest WAL is. */
export interface NewestWal {
  readonly uses: Pick<SwapUses, 'api' | 'superuserPassword' | 'store' | 'archiveTimeoutMs' | 'onProgress'>;
  readonly superuser: string;
  /** `undefined`: nobody takes writes, and there is none. */
  readonly leader: string | undefined;
}

async function archiveNewest({ uses, superuser, leader }: NewestWal): Promise<ArchivedTail> {
  if (leader === undefined) return { outcome: 'skipped' };
  uses.onProgress({ phase: 'scan', done: 0, unit: 'segments', note: `${leader} archives its newest WAL` });
  await using connection = await connectToPod({ uses, superuser }, leader);
  // The connection is closed when this returns.
  return await archiveTailThrough(connection, uses.store, Math.min(PLAN_MS, uses.archiveTimeoutMs ?? PLAN_MS));
}

function notArchived(refused: Failure, { uses, leader }: NewestWal, tail: ArchivedTail & { outcome: 'late' }): Failure {
  return new Failure('refused', {
    message: `${refused.message}; but ${leader} has newer WAL, which is not in the archive: ${tail.lastSegment} has not reached ${uses.store.address}`,
    remedy: `If what is meant was done lately: look at the log of ${leader} for what its archive_command says, mend it, and plan again.\nOtherwise: ${refused.remedy}`,
    facts: [...refused.facts, ...tail.facts],
    cause: refused,
  });
}

/**
 * Looks for a target, and once more if it was not there.
 *
 * @throws {Failure} as `look`; `refused`, naming the segment, if the newest WAL does not get into the archive.
 */
export async function lookAgain<T>(newest: NewestWal, look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (error) {
    if (!isFailure(error, 'refused')) throw error;
    const tail = await archiveNewest(newest);
    if (tail.outcome === 'skipped') throw error;
    if (tail.outcome === 'late') throw notArchived(error, newest, { ...tail, outcome: 'late' });
    return look();
  }
}
