/**
 * `wal-g delete before`: deletes what is older than a backup, or than a time.
 *
 * @module
 */

import { deleteOlder, DELETE_FLAGS } from '../delete-older.ts';
import { readModifier, targetBefore } from '../deletion-target.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The command. */
export const deleteBefore: WalgCommand = {
  words: 'delete before',
  summary: 'Deletes everything older than a backup, or a time',
  usage: '[FIND_FULL] backup_name|timestamp',
  flags: DELETE_FLAGS,
  operands: [1, 2],
  listener: 'operator',
  run: async (given, session) => {
    const { modifier, rest } = readModifier(given.operands);
    return deleteOlder(given, session, (backups) => targetBefore(backups, modifier, rest[0] ?? ''));
  },
};
