/**
 * `walkback bootstrap resume`: before Patroni starts, lets a bootstrap that was killed be gone on with.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { bootstrapRun } from '../../app/open-bootstrap.ts';
import { openBootstrapDcs } from '../../app/open-bootstrap-dcs.ts';
import { Failure } from '../../base/failure.ts';
import { resumeBootstrap } from '../../bootstrap/resume.ts';
import { defineCommand } from '../command.ts';
import { duration, path } from '../options.ts';

/** Longer than Patroni's members need to show themselves, at its usual `loop_wait` of 10 s. */
const USUAL_WATCH_MS = 30_000;

/** The command. */
export const bootstrapResume = defineCommand({
  path: ['bootstrap', 'resume'],
  summary: 'Before Patroni starts: let a bootstrap that was killed on this host be gone on with',
  description:
    'Patroni leaves its initialize key behind when it is killed during a bootstrap, and then waits for ever. The key of a run of this host is taken away, and finished data that Patroni has not taken over are moved back beside the data directory, so that it bootstraps again and takes them at once. Does nothing where there is nothing to do. To be run while neither Patroni nor PostgreSQL runs here.',
  settings: ['server'],
  options: {
    patroniConfig: path("Patroni's configuration file"),
    patroniPython: path("The Python that has Patroni's library; that of the patroni on the PATH unless told"),
    watch: duration(
      'How long nobody may be seen at work on a bootstrap before a key counts as left behind that is not known to be of this host; 30s unless told',
    ),
  },
  examples: [
    { line: 'walkback bootstrap resume --patroni-config /run/postgres.yml', does: 'each time before Patroni starts' },
  ],
  run: async ({ patroniConfig, patroniPython, watch }, { signal, reporter }) => {
    if (patroniConfig === undefined) throw noConfig();
    const python = patroniPython === undefined ? undefined : [patroniPython];
    const { dcs, member, dataDirectory } = await openBootstrapDcs(patroniConfig, python);
    if (dataDirectory === undefined) throw noDataDirectory(patroniConfig);
    const run = bootstrapRun(dataDirectory, { onProgress: reporter.progress, note: reporter.note, signal });
    const willGoOn = /\bbootstrap (clone|basebackup)\b/.test(plainText(await readFile(patroniConfig, 'utf8')));
    const did = await resumeBootstrap({ ...run, dcs, member, willGoOn, watchMs: watch ?? USUAL_WATCH_MS });
    return { text: () => `bootstrap: ${did}\n`, json: { did } };
  },
});

/** Without quotes, which words of a command may have. */
function plainText(text: string): string {
  return text.replaceAll(/['"]/g, '');
}

function noConfig(): Failure {
  return new Failure('usage', {
    message: 'cannot tell which Patroni is meant: --patroni-config is not given',
    remedy: 'Give the file that Patroni is started with: --patroni-config /run/postgres.yml',
  });
}

function noDataDirectory(patroniConfig: string): Failure {
  return new Failure('usage', {
    message: `cannot tell where the data are: ${patroniConfig} has no postgresql.data_dir`,
    remedy: 'Give the file that Patroni is started with.',
  });
}
