/**
 * Which backup a server on a line of history can be restored from.
 *
 * @module
 */

import { lsn } from '../postgres/lsn.ts';
import { isOnLine, type TimelineHistory } from '../postgres/timeline-history.ts';
import type { Backup } from './backup.ts';

/** The backup that starts last of those a server on this line can be restored from. */
export function newestOnLine(backups: readonly Backup[], line: TimelineHistory): Backup | undefined {
  return backups
    .filter(
      ({ timeline, startLsn, finishLsn }) =>
        isOnLine(line, timeline, startLsn) && isOnLine(line, timeline, lsn(finishLsn - 1n)),
    )
    .toSorted((a, b) => (a.startLsn < b.startLsn ? -1 : Number(a.startLsn > b.startLsn)))
    .at(-1);
}
