/**
 * `walkback wal fetch`: one WAL file from the archive, as a `restore_command` does it.
 *
 * @module
 */

import { fetchExitCode } from '../../archive/fetch-exit-code.ts';
import { fetchWalFile } from '../../archive/fetch.ts';
import { readServerState } from '../../archive/server.ts';
import { openArchive } from '../../app/open-archive.ts';
import { dataDirectoryOfWal } from '../../app/server-data-directory.ts';
import { defineCommand } from '../command.ts';

/** The command. */
export const walFetch = defineCommand({
  path: ['wal', 'fetch'],
  summary: 'Fetch one WAL file from the archive',
  description:
    'Made for restore_command. Exits 0 when the file is in place, checked; 74 when it is proven absent and nothing of its line of history is later; above 125 for anything else, so that a server in archive recovery stops instead of opening short of its target. For a replica (standby.signal), and one that is being promoted and has the history file that it asks for, everything but 0 is below 126. Without a data directory the archive itself tells which cluster the file must be of.',
  settings: ['archive', 'writing', 'server'],
  operands: {
    file: { placeholder: 'FILE', summary: 'the name of the file, as PostgreSQL puts it in for %f' },
    destination: { placeholder: 'DESTINATION', summary: 'where to put it, as PostgreSQL puts it in for %p' },
  },
  examples: [{ line: 'walkback wal fetch "%f" "%p"', does: 'as restore_command' }],
  listener: 'restore_command',
  run: async ({ file, destination }, { settings, signal, reporter }) => {
    await using archive = await openArchive(settings);
    const { store, preferred } = archive;
    const dataDirectory = await dataDirectoryOfWal(destination, settings);
    const outcome = await fetchWalFile({ store, fileName: file, destination, dataDirectory, preferred, signal });
    if ('message' in outcome) reporter.warn(outcome.message);
    const exitCode = fetchExitCode(await readServerState(dataDirectory, file), outcome);
    return { text: () => '', json: { file, outcome: outcome.kind }, exitCode };
  },
});
