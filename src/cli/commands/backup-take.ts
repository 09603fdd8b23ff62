/**
 * `walkback backup take`: a full base backup of the running server.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { takeBackupOfServer } from '../../app/take-backup.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { backupJson, takenText } from '../output/backups-text.ts';

/** A backup was taken, and holds damaged pages. */
const CORRUPT_PAGES_EXIT_CODE = 2;

/** The command. */
export const backupTake = defineCommand({
  path: ['backup', 'take'],
  summary: 'Take a full base backup of the running server',
  description:
    'In WAL-G’s format. Every page is checked as it is read, where the cluster has data checksums. It ends when the WAL it needs is in the archive; if it does not end, nothing of it stays.',
  settings: ['archive', 'writing', 'server'],
  options: {
    keep: flag('Keep it for good, as "walkback backup keep" does'),
    allowCorruptPages: flag('Keep the backup although pages are damaged, and record which; exits 2 then'),
  },
  examples: [
    { line: 'walkback backup take', does: 'of the server that the settings name' },
    { line: 'walkback backup take --keep', does: 'before a migration' },
  ],
  run: async ({ keep, allowCorruptPages }, { settings, signal, reporter }) => {
    await using archive = await openArchive(settings);
    const taken = await takeBackupOfServer(settings, archive, {
      isPermanent: keep,
      allowCorruptPages,
      onProgress: reporter.progress,
      signal,
    });
    reporter.finish('backup');
    reporter.finish('wal');
    const { corruptFiles, skipped, cleanedUp, arePagesVerified, warnings, ...backup } = taken;
    return {
      text: (screen) => takenText(taken, screen),
      json: { ...backupJson(backup), corruptFiles, skipped, cleanedUp, arePagesVerified, warnings },
      exitCode: corruptFiles.length > 0 ? CORRUPT_PAGES_EXIT_CODE : 0,
    };
  },
});
