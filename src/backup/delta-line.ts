/**
 * Whether a delta backup and those it builds on lie on one line of history.
 *
 * WAL-G does not look: after a failover to an earlier position a delta on a backup of the abandoned line lacks the pages
 * that only the abandoned line had changed, and a restore of it mixes the two.
 *
 * @module
 */

import { lsn } from '../postgres/lsn.ts';
import { timelineAt, type TimelineHistory } from '../postgres/timeline-history.ts';
import type { Backup } from './backup.ts';
import { chainOf, withWholeChain } from './delta-chain.ts';

/** True if all of the backup, from its start to its end, is on the line. */
export function isBackupOnLine(
  { timeline, startLsn, finishLsn }: Pick<Backup, 'timeline' | 'startLsn' | 'finishLsn'>,
  line: TimelineHistory,
): boolean {
  return timelineAt(line, startLsn) === timeline && timelineAt(line, lsn(finishLsn - 1n)) === timeline;
}

/** The first backup of a chain that is not on the line; `undefined` if all are. */
export function firstOffLine(chain: readonly Backup[], line: TimelineHistory): Backup | undefined {
  return chain.find((backup) => !isBackupOnLine(backup, line));
}

/**
 * The backups that can be restored by what is listed: full ones, and deltas whose chain is there and on one line.
 *
 * @param lineOf the line of history of a timeline; `undefined` if nobody knows.
 */
export function restorableBackups(
  backups: readonly Backup[],
  lineOf: (timeline: number) => TimelineHistory | undefined,
): Backup[] {
  return withWholeChain(backups).filter((backup) => {
    if (backup.deltaFrom === undefined) return true;
    const chain = chainOf(backup, backups);
    if (chain.every(({ timeline }) => timeline === backup.timeline)) return true;
    const line = lineOf(backup.timeline);
    return line !== undefined && firstOffLine(chain, line) === undefined;
  });
}
