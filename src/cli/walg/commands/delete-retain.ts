/**
 * `wal-g delete retain`: keeps a number of backups, and deletes what is older.
 *
 * @module
 */

import { deleteOlder, DELETE_FLAGS } from '../delete-older.ts';
import { readModifier, targetRetain } from '../deletion-target.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The command. */
export const deleteRetain: WalgCommand = {
  words: 'delete retain',
  summary: 'Keeps a number of backups and deletes everything older',
  usage: '[FULL|FIND_FULL] backup_count',
  flags: {
    ...DELETE_FLAGS,
    after: { short: 'a', takes: 'string', summary: 'Retain also the backups from this time, or this backup, on' },
  },
  operands: [1, 2],
  listener: 'operator',
  run: async (given, session) => {
    const { modifier, rest } = readModifier(given.operands);
    return deleteOlder(given, session, (backups) =>
      targetRetain(backups, modifier, rest[0] ?? '', given.values.get('after')),
    );
  },
};
