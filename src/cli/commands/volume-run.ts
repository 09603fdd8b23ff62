/**
 * `walkback volume run`: work on a volume while no server uses it.
 *
 * @module
 */

import { openVolumeArchive, volumeUses } from '../../app/open-volume.ts';
import type { Archive } from '../../app/open-archive.ts';
import { Failure } from '../../base/failure.ts';
import { runVolumeTasks } from '../../kubernetes/volume/run-tasks.ts';
import { parseTasksRequest, type VolumeTaskResult } from '../../kubernetes/volume/volume-tasks.ts';
import { defineCommand } from '../command.ts';
import { text } from '../options.ts';
import { VOLUME_OPTIONS } from '../volume-options.ts';

/** The command. */
export const volumeRun = defineCommand({
  path: ['volume', 'run'],
  summary: 'Do pieces of work on a volume that no server uses: look, archive the rest, swap, reopen, remove',
  description:
    'What a short Job of a recovery runs. Takes its work as JSON, and answers one JSON object a line. Each piece may be done again after it was interrupted anywhere.',
  settings: ['archive', 'writing', 'server'],
  ownEnvironment: true,
  options: {
    ...VOLUME_OPTIONS,
    tasks: text('The work: {"tasks":[{"do":"probe"}]}', 'JSON'),
  },
  examples: [{ line: `walkback volume run --tasks '{"tasks":[{"do":"probe"}]}'`, does: 'what is on the volume' }],
  run: async (given, { settings, signal, write }) => {
    const dataDirectory = settings.require('dataDirectory', 'tell where the data of the cluster are on the volume');
    const request = parseTasksRequest(given.tasks ?? '');
    if (request === undefined) throw notWork();
    let archive: Archive | undefined;
    const results: VolumeTaskResult[] = [];
    try {
      await runVolumeTasks(
        {
          ...volumeUses(settings, { dataDirectory, signal }),
          openArchive: async () => {
            archive ??= await openVolumeArchive(settings, { isContainer: given.container });
            return archive.store;
          },
          roles: request.roles ?? [],
          user: request.user ?? settings.get('pgUser'),
        },
        request.tasks,
        (result) => results.push(result),
      );
    } finally {
      await archive?.[Symbol.asyncDispose]();
      for (const result of results) await write(`${JSON.stringify(result)}\n`);
    }
    return { text: () => '', json: results, isWritten: true };
  },
});

function notWork(): Failure {
  return new Failure('usage', {
    message: 'cannot do the work that is given: it is none of this version',
    remedy: 'The pod and the one who starts it must be of one version of walkback.',
  });
}
