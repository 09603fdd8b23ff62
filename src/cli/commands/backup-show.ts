/**
 * `walkback backup show`: one base backup in full.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { findBackup } from '../../backup/list.ts';
import { defineCommand } from '../command.ts';
import { backupJson, backupText } from '../output/backups-text.ts';

/** The command. */
export const backupShow = defineCommand({
  path: ['backup', 'show'],
  summary: 'Show one base backup',
  settings: ['archive'],
  operands: {
    name: {
      whenMissing: 'List the backups:\n    walkback backup list',
      placeholder: 'NAME',
      summary: 'the backup, or LATEST',
    },
  },
  examples: [{ line: 'walkback backup show LATEST', does: 'the one that was written last' }],
  run: async ({ name }, { settings, signal }) => {
    await using archive = await openArchive(settings);
    const backup = await findBackup(archive.store, name, signal);
    return { text: (screen) => backupText(backup, screen), json: backupJson(backup) };
  },
});
