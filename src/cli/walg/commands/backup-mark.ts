/**
 * `wal-g backup-mark`: keeps a backup for good, or lets it go.
 *
 * @module
 */

import { openArchive } from '../../../app/open-archive.ts';
import { keepBackup } from '../../../backup/keep.ts';
import type { WalgCommand } from '../walg-command.ts';

/** The command. */
export const backupMark: WalgCommand = {
  words: 'backup-mark',
  summary: 'Marks a backup permanent or impermanent',
  usage: 'backup_name',
  flags: { impermanent: { short: 'i', summary: 'Marks a backup impermanent' } },
  operands: [1, 1],
  listener: 'operator',
  run: async ({ operands: [name = ''], flags }, { settings, log }) => {
    await using archive = await openArchive(settings);
    const isPermanent = !flags.has('impermanent');
    const changed = await keepBackup(archive.store, name, isPermanent);
    const mark = isPermanent ? 'permanent' : 'impermanent';
    for (const backup of changed) log.info(`${backup.name} is marked ${mark}`);
    if (changed.length === 0) log.info(`${name} is ${mark} already`);
    return 0;
  },
};
