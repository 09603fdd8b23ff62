/**
 * `wal-g wal-push`: one file of `pg_wal` into the archive.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import { pushWalOf } from '../../../app/push-wal.ts';
import { refuseOtherStorage } from '../target-storage.ts';
import { TARGET_STORAGE, type WalgCommand } from '../walg-command.ts';

/** The command. */
export const walPush: WalgCommand = {
  words: 'wal-push',
  summary: 'Uploads a WAL file to storage',
  usage: 'wal_filepath',
  flags: { 'target-storage': TARGET_STORAGE },
  operands: [1, 1],
  listener: 'archive_command',
  run: async ({ operands: [path = ''], values }, { settings, signal, log }) => {
    refuseOtherStorage(values, settings.environment);
    await using archive = await openArchive(settings, { onAway: log.warning });
    const pushed = await pushWalOf(path, archive, { settings, signal });
    log.info(
      `FILE PATH: ${pushed.key}${pushed.outcome === 'present' ? ' (it is there already, and holds the same)' : ''}`,
    );
    return 0;
  },
};
