/**
 * `walkback window`: from where to where one can go.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { readArchiveWindows } from '../../app/read-archive-windows.ts';
import { defineCommand } from '../command.ts';
import { windowsJson, windowsText } from '../output/windows-text.ts';

/** The command. */
export const window = defineCommand({
  path: ['window'],
  summary: 'Show from where to where one can go, on each timeline',
  description:
    'Reads the archive only. The end is the last commit in the archived WAL, not the time of an upload. Only the ends of a window are read; what lies between is listed and compared with its indexes: a plan that is run reads what it needs, and verify everything. With the data directory set, it also tells how many segments of the server are not archived yet.',
  settings: ['archive', 'server', 'kubernetes'],
  examples: [
    { line: 'walkback window', does: 'of the archive that the settings name' },
    {
      line: 'walkback window --archive s3://backups/shop-prod --tz America/Vancouver',
      does: 'of another, in local time',
    },
  ],
  run: async (_given, { settings, signal }) => {
    await using archive = await openArchive(settings);
    const found = await readArchiveWindows(settings, archive, signal);
    return { text: (screen) => windowsText(found, screen), json: windowsJson(found) };
  },
});
