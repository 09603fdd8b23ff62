/**
 * Proof that the backups of a chain lie on one line of history, from the history file in the archive.
 *
 * @module
 */

import { readWalFile } from '../archive/read-wal-file.ts';
import type { Backup } from '../backup/backup.ts';
import { firstOffLine } from '../backup/delta-line.ts';
import { Failure } from '../base/failure.ts';
import { formatHistoryName, parseTimelineHistory } from '../postgres/timeline-history.ts';
import type { CallOptions, ObjectStore } from '../storage/object-store.ts';

/** @throws {Failure} `refused` if one is not on the line of the newest, or the history file that would tell is missing. */
export async function checkOneLine(
  store: ObjectStore,
  chain: readonly Backup[],
  options: CallOptions = {},
): Promise<void> {
  const newest = chain.at(-1);
  if (newest === undefined || chain.every(({ timeline }) => timeline === newest.timeline)) return;
  const name = formatHistoryName(newest.timeline);
  const file = await readWalFile(store, name, options);
  if (file === undefined) throw refused(newest, `${name}, which tells where they belong, is not in the archive`);
  const line = parseTimelineHistory(newest.timeline, file.bytes.toString('utf8'));
  const stray = firstOffLine(chain, line);
  if (stray === undefined) return;
  throw refused(
    newest,
    `${stray.name}, which it builds on, is not on the line of history of timeline ${newest.timeline}`,
  );
}

function refused(backup: Backup, found: string): Failure {
  return new Failure('refused', {
    message: `cannot restore ${backup.name}: ${found}`,
    remedy: 'Restore from another backup; see walkback backup list.',
  });
}
