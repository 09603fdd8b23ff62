/**
 * An undo after the recovered line had opened: the data from before open a timeline above all that the archive has, so that
 * whoever follows the newest history follows them.
 *
 * @module
 */

import type { LocalPlaces } from '../../cluster/local-places.ts';
import { controlFileOf } from '../../instance/control-file-of.ts';
import { makeFolder } from '../../instance/durable-rename.ts';
import { openKept, reserveForKept, setKeptPasswords, stopKept, type KeptContext } from '../../recovery/open-kept.ts';
import { putRightAfterKill } from './after-kill.ts';
import { rolesOf } from './finish-steps.ts';
import type { VolumeUses } from './volume-context.ts';
import type { VolumePlan } from './volume-plan.ts';
import type { VolumeTaskResult } from './volume-tasks.ts';

/** Which data, and whose passwords they are to have. */
export type ReopenRequest = Pick<VolumePlan, 'id' | 'roles' | 'user'>;

async function keptContext(
  uses: VolumeUses,
  { id, user }: ReopenRequest,
  { places, directory }: { readonly places: LocalPlaces; readonly directory: string },
): Promise<KeptContext> {
  const { majorVersion, walLevel } = await controlFileOf(directory);
  const { store, restoreScript, concurrency } = uses;
  return {
    // What else its server needs is read from its control file.
    plan: { id, majorVersion, walLevel, required: NOTHING },
    uses: {
      cluster: { ...places, placeOf: () => directory },
      store,
      bin: await uses.binariesOf(majorVersion),
      user,
      ...(restoreScript === undefined ? {} : { restoreScript }),
      ...(concurrency === undefined ? {} : { concurrency }),
    },
  };
}

const NOTHING = {
  maxConnections: 1,
  maxWorkerProcesses: 0,
  maxWalSenders: 0,
  maxPreparedTransactions: 0,
  maxLocksPerTransaction: 10,
};

/** Opens them, sets passwords, and ends cleanly. */
export async function reopenOnVolume(
  uses: VolumeUses,
  places: LocalPlaces,
  request: ReopenRequest,
): Promise<Extract<VolumeTaskResult, { did: 'reopen' }>> {
  await makeFolder(places.recoveryFolder(request.id));
  const isSwapped = await places.isPresent(request.id, 'kept');
  const directory = places.placeOf(request.id, isSwapped ? 'kept' : 'live');
  await putRightAfterKill(directory);
  const context = await keptContext(uses, request, { places, directory });
  const timeline = await reserveForKept(context);
  await openKept(context, timeline);
  const { changed } = await setKeptPasswords(context, await rolesOf(uses, request));
  await stopKept(context, timeline, 'Run it again; what it has done so far is gone on with.');
  const changedRoles = String(changed ?? '')
    .split(', ')
    .filter((name) => name !== '');
  return { did: 'reopen', timeline, changedRoles };
}
