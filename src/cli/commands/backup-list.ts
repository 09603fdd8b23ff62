/**
 * `walkback backup list`: the base backups of the archive.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { readBackupListing } from '../../backup/list.ts';
import { defineCommand } from '../command.ts';
import { backupJson, backupsText } from '../output/backups-text.ts';

/** The command. */
export const backupList = defineCommand({
  path: ['backup', 'list'],
  summary: 'List the base backups, oldest first',
  description: 'One whose sentinel is damaged is named and does not hide the others.',
  settings: ['archive'],
  examples: [
    { line: 'walkback backup list', does: 'what can be restored' },
    { line: 'walkback backup list --json', does: 'for a program' },
  ],
  run: async (_given, { settings, signal }) => {
    await using archive = await openArchive(settings);
    const listing = await readBackupListing(archive.store, signal);
    const broken = listing.broken.map(({ name, modifiedAt, failure }) => ({
      name,
      modifiedAt,
      message: failure.message,
    }));
    return {
      text: (screen) => backupsText(listing, screen),
      json: { backups: listing.backups.map(backupJson), broken },
    };
  },
});
