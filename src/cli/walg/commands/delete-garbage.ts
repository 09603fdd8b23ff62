/**
 * `wal-g delete garbage`: deletes WAL that no backup needs, and what is left of backups that were never finished.
 *
 * Backups older than the oldest one that is not permanent are permanent, so none goes. Without any that is not permanent
 * nothing goes; WAL-G then deletes all WAL and all leftovers with `--without-backup-check`, which is refused here.
 *
 * @module
 */

import { Failure } from '../../../base/failure.ts';
import { deleteOlder, DELETE_FLAGS } from '../delete-older.ts';
import { targetGarbage } from '../deletion-target.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The command. */
export const deleteGarbage: WalgCommand = {
  words: 'delete garbage',
  summary: 'Deletes outdated WAL and leftovers of backups',
  usage: '[ARCHIVES|BACKUPS]',
  flags: {
    ...DELETE_FLAGS,
    'without-backup-check': { summary: 'Refused: WAL that permanent backups need would go' },
  },
  operands: [0, 1],
  listener: 'operator',
  run: async (given, session) => {
    if (given.flags.has('without-backup-check')) {
      throw new Failure('refused', {
        message: 'cannot delete garbage without a look at the backups: WAL that they need would go',
        remedy: 'Leave --without-backup-check out.',
      });
    }
    const [what = 'all'] = given.operands;
    if (!['all', 'ARCHIVES', 'BACKUPS'].includes(what)) {
      throw new Failure('usage', {
        message: `unknown kind of garbage: ${what}`,
        remedy: 'Give ARCHIVES, BACKUPS or nothing.',
      });
    }
    if (what !== 'all') session.log.warning(`${what}: WAL and leftovers go together here; nothing that is needed does`);
    return deleteOlder(given, session, targetGarbage);
  },
};
