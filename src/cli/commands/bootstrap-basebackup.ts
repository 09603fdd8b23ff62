/**
 * `walkback bootstrap basebackup`: Patroni's custom bootstrap of a new cluster as a copy of a running server.
 *
 * @module
 */

import { openBasebackupUses } from '../../app/open-bootstrap.ts';
import { bootstrapBasebackup } from '../../bootstrap/bootstrap-basebackup.ts';
import { planBasebackup } from '../../bootstrap/plan-basebackup.ts';
import { openWorkNote } from '../../instance/work-note.ts';
import { BOOTSTRAP_OPTIONS } from '../bootstrap-options.ts';
import { shownBootstrapSteps } from '../bootstrap-steps.ts';
import { defineCommand } from '../command.ts';
import { flag, integer, path, text } from '../options.ts';
import { basebackupPlanText } from '../output/basebackup-text.ts';

const HIGHEST_MAJOR = 99;

/** The command. */
export const bootstrapBasebackupCommand = defineCommand({
  path: ['bootstrap', 'basebackup'],
  summary: 'Make a new cluster as a copy of a running server: Patroni runs it as its custom bootstrap',
  description:
    'Copies the server of PGHOST, PGPORT, PGUSER and PGPASSWORD by pg_basebackup beside the data directory, and puts it there by one rename. It is the server as it was when the copy ended: there is no target.',
  settings: ['server'],
  options: {
    ...BOOTSTRAP_OPTIONS,
    archiveEnvDir: path('The directory of variables of the archive that the new cluster will write; it must be empty'),
    major: integer(
      'The major version that the new cluster is to have; another one of the server is refused',
      10,
      HIGHEST_MAJOR,
    ),
    superuser: text('A superuser of the server that is copied; postgres unless told', 'ROLE'),
    dryRun: flag('Show the plan alone'),
  },
  examples: [
    {
      line: 'walkback bootstrap basebackup --env-dir /run/etc/wal-e.d/env-clone-shop',
      does: 'as Patroni starts it, which adds --scope and --datadir',
    },
    { line: 'walkback bootstrap basebackup --datadir /pgdata/pgroot/data --dry-run', does: 'what would be done' },
  ],
  run: async (given, { settings, reporter, signal }) => {
    const dataDirectory = given.datadir ?? settings.require('dataDirectory', 'tell where the cluster is to appear');
    await using _note = await openWorkNote(dataDirectory, 'copy of a running server');
    const steps = shownBootstrapSteps(reporter);
    const startedBy = process.ppid;
    await using opened = await openBasebackupUses(
      settings,
      {
        dataDirectory,
        archiveEnvironment: given.archiveEnvDir,
        binaries: given.bin,
        scope: given.scope ?? settings.get('clusterName') ?? '',
        major: given.major,
        superuser: given.superuser ?? 'postgres',
      },
      {
        onProgress: reporter.progress,
        note: reporter.note,
        signal,
        isOrphan: () => process.ppid !== startedBy,
        onEntry: steps.onEntry,
      },
    );
    if (given.dryRun) {
      const plan = await planBasebackup(opened.uses);
      return { text: (screen) => basebackupPlanText(plan, screen), json: plan };
    }
    const outcome = await bootstrapBasebackup(opened.uses);
    steps.finish();
    const { from, major, timeline } = outcome;
    return {
      text: () =>
        `Copied ${from}: PostgreSQL ${major}, timeline ${timeline}, in ${dataDirectory}.\nTake a backup into the new archive: until then nothing of the new cluster can be recovered.\n`,
      json: outcome,
    };
  },
});
