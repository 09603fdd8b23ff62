/**
 * `walkback history index`: makes the indexes by which history is read fast, of WAL that is archived without them.
 *
 * @module
 */

import { indexArchive, type IndexedArchive } from '../../app/index-archive.ts';
import { openArchive } from '../../app/open-archive.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { defineCommand } from '../command.ts';
import { flag, timeline } from '../options.ts';
import { countOf, formatBytes } from '../output/format.ts';

/** Some segments cannot be read to their end. */
const UNREADABLE_EXIT_CODE = 2;

function indexedText({ missing, presentCount, unsoundCount, written }: IndexedArchive): string {
  const unsound = unsoundCount === 0 ? '' : `, ${unsoundCount} of them damaged or of something else`;
  if (written === undefined) {
    return `${countOf(presentCount, 'index', 'indexes')} there, ${missing.length} to make${unsound}.\n`;
  }
  const made = `${countOf(written.writtenCount, 'index', 'indexes')} made (${formatBytes(written.writtenBytes)})${unsound}; ${presentCount} were there.`;
  const bad = written.unreadable.map(
    ({ fileName, lsn, reason }) => `${fileName} cannot be read from ${formatLsn(lsn)} on: ${reason}`,
  );
  return `${[made, ...bad].join('\n')}\n`;
}

/** The command. */
export const historyIndex = defineCommand({
  path: ['history', 'index'],
  summary: 'Make the indexes by which log, show and window are fast',
  description:
    'The agent writes an index of each segment that it pushes. This makes those that are missing: of WAL that WAL-G or wal push archived, or from before. It can be stopped and goes on where it was. Without indexes everything works, slower.',
  settings: ['archive', 'kubernetes'],
  options: {
    timeline: timeline('Of this timeline only'),
    rebuild: flag('Make all anew, also those that are there'),
    dryRun: flag('Only show how many are missing'),
  },
  examples: [
    { line: 'walkback history index', does: 'of all WAL in the archive' },
    { line: 'walkback history index --dry-run', does: 'how much there is to do' },
  ],
  run: async (given, { settings, reporter, signal }) => {
    await using archive = await openArchive(settings);
    const indexed = await indexArchive(archive, { ...given, onProgress: reporter.progress, signal });
    reporter.finish('index');
    const { written, missing, presentCount, unsoundCount } = indexed;
    const unreadable = written?.unreadable ?? [];
    return {
      text: () => indexedText(indexed),
      json: {
        present: presentCount,
        missing: missing.length,
        unsound: unsoundCount,
        written: written?.writtenCount ?? 0,
        writtenBytes: written?.writtenBytes ?? 0,
        unreadable: unreadable.map(({ fileName, kind, lsn, reason }) => ({
          segment: fileName,
          kind,
          lsn: formatLsn(lsn),
          reason,
        })),
      },
      exitCode: unreadable.length > 0 ? UNREADABLE_EXIT_CODE : 0,
    };
  },
});
