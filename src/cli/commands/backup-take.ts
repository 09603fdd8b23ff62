/**
 * `walkback backup take`: a base backup of the running server, full or delta.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { Failure } from '../../base/failure.ts';
import { takeBackupOfServer } from '../../app/take-backup.ts';
import { defineCommand } from '../command.ts';
import { flag } from '../options.ts';
import { backupJson, takenText } from '../output/backups-text.ts';

/** A backup was taken, and holds damaged pages. */
const CORRUPT_PAGES_EXIT_CODE = 2;

/** The command. */
export const backupTake = defineCommand({
  path: ['backup', 'take'],
  summary: 'Take a base backup of the running server',
  description:
    'In WAL-G’s format. Every page is checked as it is read, where the cluster has data checksums. It ends when the WAL it needs is in the archive; if it does not end, nothing of it stays. With --delta it holds what has changed since the latest backup; where that cannot be, it is a full one, and says why.',
  settings: ['archive', 'writing', 'server'],
  options: {
    delta: flag('Only what has changed since the latest backup on this line of history'),
    full: flag('Everything, whatever delta-max-steps says'),
    keep: flag('Keep it for good, as "walkback backup keep" does'),
    allowCorruptPages: flag('Keep the backup although pages are damaged, and record which; exits 2 then'),
  },
  examples: [
    { line: 'walkback backup take', does: 'of the server that the settings name' },
    { line: 'walkback backup take --keep', does: 'before a migration' },
    { line: 'walkback backup take --delta', does: 'what has changed since the latest one' },
  ],
  run: async ({ delta, full, keep, allowCorruptPages }, { settings, signal, reporter }) => {
    if (delta && full) {
      throw new Failure('usage', {
        message: 'cannot take a backup that is full and a delta',
        remedy: 'Give --delta or --full, or neither and let the setting delta-max-steps decide.',
      });
    }
    await using archive = await openArchive(settings, { onAway: reporter.warn });
    const taken = await takeBackupOfServer(settings, archive, {
      isPermanent: keep,
      kind: delta ? 'delta' : full ? 'full' : undefined,
      allowCorruptPages,
      onProgress: reporter.progress,
      signal,
    });
    reporter.finish('backup');
    reporter.finish('wal');
    const {
      corruptFiles,
      skipped,
      followed,
      cleanedUp,
      arePagesVerified,
      warnings,
      fullBecause,
      changesFrom,
      ...backup
    } = taken;
    return {
      text: (screen) => takenText(taken, screen),
      json: {
        ...backupJson(backup),
        corruptFiles,
        skipped,
        followed,
        cleanedUp,
        arePagesVerified,
        warnings,
        fullBecause,
        changesFrom,
      },
      exitCode: corruptFiles.length > 0 ? CORRUPT_PAGES_EXIT_CODE : 0,
    };
  },
});
