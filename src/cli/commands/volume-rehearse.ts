/**
 * `walkback volume rehearse`: what the pod of a rehearsal runs.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { openVolumeArchive, volumeUses } from '../../app/open-volume.ts';
import { Failure, isFailure, messageOf } from '../../base/failure.ts';
import { keepRehearsal } from '../../kubernetes/volume/keep-rehearsal.ts';
import { StatusLines } from '../../kubernetes/volume/status-lines.ts';
import { parseVolumePlan, type VolumePlan } from '../../kubernetes/volume/volume-plan.ts';
import type { VolumeStatus } from '../../kubernetes/volume/volume-status.ts';
import { defineCommand } from '../command.ts';
import { choice, flag, path } from '../options.ts';
import { VOLUME_OPTIONS } from '../volume-options.ts';

/** The command. */
export const volumeRehearse = defineCommand({
  path: ['volume', 'rehearse'],
  summary: 'Rehearse on a volume, and stay until the rehearsal is finished: what its pod runs',
  description:
    'Restores and replays to exactly the target of the plan, beside the place of the data directory, and stands there until "walkback volume ask" asks for more. One JSON object a line, each the whole state, goes to standard output. Killed and started again, it goes on towards the same target.',
  settings: ['archive', 'writing', 'server'],
  ownEnvironment: true,
  options: {
    ...VOLUME_OPTIONS,
    plan: path('The plan, as "walkback recover" hands it over'),
    place: choice('Where the data end: at the data directory, or beside it until a swap', ['new-claim', 'in-volume']),
    listen: flag('Listen on the loopback at 5433 while it stands, with the passwords that the data hold'),
  },
  examples: [
    {
      line: 'walkback volume rehearse --plan /walkback/plan/plan.json --place new-claim --container',
      does: 'in the pod of a rehearsal',
    },
  ],
  run: async (given, session) => {
    const { settings, signal } = session;
    const dataDirectory = settings.require('dataDirectory', 'tell where the data of the cluster are on the volume');
    const plan = await planIn(given.plan);
    const onStatus = (status: VolumeStatus): void => {
      session.write(`${JSON.stringify(status)}\n`).catch(() => {});
    };
    const environment = { isContainer: given.container, major: plan.majorVersion };
    await using archive = await toldOf(plan, onStatus, openVolumeArchive(settings, environment));
    const finished = await keepRehearsal(
      {
        ...volumeUses(settings, { dataDirectory, signal }),
        store: archive.store,
        place: given.place === 'in-volume' ? 'inVolume' : 'newClaim',
        listens: given.listen,
      },
      { plan, onStatus },
    );
    // The last line of the log is a state.
    return { text: () => '', json: finished, isWritten: true };
  },
});

async function planIn(file: string | undefined): Promise<VolumePlan> {
  const text = await readFile(file ?? '', 'utf8').catch((error: unknown) => {
    throw new Failure('usage', {
      message: `cannot read the plan ${JSON.stringify(file ?? '')}: ${messageOf(error)}`,
      remedy: 'Name it with --plan.',
    });
  });
  return parseVolumePlan(text, file ?? '');
}

/** Nothing can be tried again here, and whoever watches reads only the states. */
async function toldOf<T>(plan: VolumePlan, onStatus: (status: VolumeStatus) => void, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const lines = new StatusLines({ id: plan.id, targetLsn: plan.target.lsn, starts: 0 }, onStatus, () => new Date());
    const { remedy, facts } = isFailure(error) ? error : { remedy: 'This is a bug of walkback.', facts: [] };
    lines.tell('failed', { problem: { message: messageOf(error), remedy, facts } });
    throw error;
  }
}
