/**
 * `walkback wal push`: one file of `pg_wal` into the archive, as an `archive_command` does it.
 *
 * @module
 */

import { openArchive } from '../../app/open-archive.ts';
import { pushWalOf } from '../../app/push-wal.ts';
import { defineCommand } from '../command.ts';

/** The command. */
export const walPush = defineCommand({
  path: ['wal', 'push'],
  summary: 'Push one WAL file to the archive',
  description:
    'Made for archive_command. An object that exists is never overwritten: the same content is success, other content a conflict. The system identifier of the server must be that of the archive; without a data directory, that in the first page of the file. For many segments a second, run "walkback agent" and use walkback-archive.',
  settings: ['archive', 'writing', 'server'],
  operands: { path: { placeholder: 'PATH', summary: 'the file, as PostgreSQL puts it in for %p' } },
  examples: [{ line: 'walkback wal push "%p"', does: 'as archive_command' }],
  listener: 'archive_command',
  run: async ({ path }, { settings, signal, reporter }) => {
    await using archive = await openArchive(settings, { onAway: reporter.warn });
    const pushed = await pushWalOf(path, archive, { settings, signal });
    return { text: () => '', json: pushed };
  },
});
