/**
 * `walkback backup keep`: a base backup is never to be deleted, or may be again.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { keepBackup } from '../../backup/keep.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';

/** The command. */
export const backupKeep = defineCommand({
  path: ['backup', 'keep'],
  summary: 'Keep a base backup for good, or let it go again',
  description: 'The mark is the one of wal-g backup-mark. A delta backup is kept with all that it builds on.',
  settings: ['archive'],
  operands: {
    name: {
      whenMissing: 'List the backups:\n    walkback backup list',
      placeholder: 'NAME',
      summary: 'the backup, or LATEST',
    },
  },
  options: { undo: flag('Let it be deleted again') },
  examples: [
    { line: 'walkback backup keep base_00000001000000000000000A', does: 'for good' },
    { line: 'walkback backup keep base_00000001000000000000000A --undo', does: 'no longer' },
  ],
  run: async ({ name, undo }, { settings }) => {
    await using archive = await openArchive(settings);
    const changed = (await keepBackup(archive.store, name, !undo)).map((backup) => backup.name);
    const verb = undo ? 'Let go' : 'Kept';
    const text = changed.length === 0 ? `${name} was so already.\n` : `${verb} ${changed.join(', ')}.\n`;
    return { text: () => text, json: { changed, isPermanent: !undo } };
  },
});
