/**
 * `walkback wal-g …`: WAL-G's command line. The process hands its arguments on before they are read here (`src/main.ts`), so
 * that WAL-G's flags are read as WAL-G reads them; this is its place in help.
 *
 * @module
 */

import { defineCommand } from '../command.ts';
import { runWalg } from '../walg/run-walg.ts';

/** The command. */
export const walG = defineCommand({
  path: ['wal-g'],
  summary: 'Run one of WAL-G’s commands, with its flags, output and exit codes',
  description:
    'For scripts that call wal-g: link bin/wal-g to where they look for it. Settings come from where WAL-G takes them. "walkback wal-g --help" lists its commands. bin/wal-e is for scripts that call wal-e, WAL-G’s forerunner.',
  settings: [],
  operands: {
    words: {
      placeholder: 'COMMAND',
      summary: "WAL-G's command and what belongs to it",
      isRest: true,
      isOptional: true,
    },
  },
  examples: [{ line: 'walkback wal-g backup-list', does: 'as wal-g backup-list' }],
  run: async ({ words }) => ({ text: () => '', json: {}, isWritten: true, exitCode: await runWalg(words) }),
});
