/**
 * Runs pieces of work on a volume, one after the other; the first that fails ends it.
 *
 * @module
 */

import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { Failure } from '../../base/failure.ts';
import { localPlaces, type LocalPlaces } from '../../cluster/local-places.ts';
import { syncFolder } from '../../instance/durable-rename.ts';
import { runningPostmaster } from '../../instance/postmaster.ts';
import { archiveRest } from '../../recovery/archive-tail.ts';
import { directorySize } from '../../recovery/directory-size.ts';
import { lockRecoveries } from '../../recovery/lock.ts';
import type { ObjectStore } from '../../storage/object-store.ts';
import { probeVolume } from './probe-volume.ts';
import { reopenOnVolume } from './reopen-volume.ts';
import { swapBack, swapIn } from './swap-volume.ts';
import type { VolumeUses } from './volume-context.ts';
import type { VolumePlan } from './volume-plan.ts';
import type { VolumeTask, VolumeTaskResult } from './volume-tasks.ts';

/** What they are given. */
export interface TaskUses extends Omit<VolumeUses, 'store'> {
  /** Asked only by those that need it. */
  readonly openArchive: () => Promise<ObjectStore>;
  readonly roles: VolumePlan['roles'];
  readonly user: string;
}

async function checkNobody(directory: string): Promise<void> {
  const running = await runningPostmaster(directory);
  if (running === undefined) return;
  throw new Failure('refused', {
    message: `cannot work on ${directory}: a server runs on it (process ${running.pid})`,
    remedy: 'Stop it first.',
  });
}

async function remove(
  places: LocalPlaces,
  { id, what }: Extract<VolumeTask, { do: 'remove' }>,
): Promise<VolumeTaskResult> {
  const folder = places.recoveryFolder(id);
  const directory = places.placeOf(id, what);
  await checkNobody(directory);
  const isSwapped = (await places.isPresent(id, 'kept')) || (await places.isPresent(id, 'replaced'));
  if (what === 'rehearsal' && isSwapped) throw wasSwapped(id, folder);
  const also = what === 'rehearsal' ? ['tablespaces', 'configuration-of-the-backup', 'spool', 'copy'] : [];
  const paths = [directory, ...also.map((name) => join(folder, name))];
  let freedBytes = 0n;
  for (const path of paths) {
    freedBytes += await directorySize(path);
    await rm(path, { recursive: true, force: true });
  }
  await syncFolder(folder).catch(() => {});
  return { did: 'remove', freedBytes: freedBytes.toString() };
}

/** Its tablespaces are the live data's then. */
function wasSwapped(id: string, folder: string): Failure {
  return new Failure('refused', {
    message: `cannot remove the rehearsal ${id}: it was swapped in, and ${folder} keeps what it has replaced`,
    remedy: `To go back:  walkback undo ${id}\nTo give up what is kept:  walkback release ${id}`,
  });
}

async function runTask(uses: TaskUses, places: LocalPlaces, task: VolumeTask): Promise<VolumeTaskResult> {
  if (task.do === 'probe') return { did: 'probe', volume: await probeVolume(places) };
  if (task.do !== 'remove') await checkNobody(places.dataDirectory);
  if (task.do === 'archiveRest') {
    return { did: 'archiveRest', pushed: await archiveRest({ store: await uses.openArchive() }, places.dataDirectory) };
  }
  await using _lock = await lockRecoveries(places.recoveryFolder(task.id));
  switch (task.do) {
    case 'swap':
      return {
        did: 'swap',
        wasDone: await (task.back === true ? swapBack(places, task.id) : swapIn(places, task.id)),
      };
    case 'reopen': {
      const { roles, user } = uses;
      const reopen = { ...task, roles, user };
      return await reopenOnVolume({ ...uses, store: await uses.openArchive() }, places, reopen);
    }
    case 'remove':
      return await remove(places, task);
  }
}

/** Runs them in their order. @param onResult told of each as it is done. */
export async function runVolumeTasks(
  uses: TaskUses,
  tasks: readonly VolumeTask[],
  onResult: (result: VolumeTaskResult) => void,
): Promise<void> {
  const places = localPlaces(uses.dataDirectory);
  for (const task of tasks) {
    uses.signal?.throwIfAborted();
    onResult(await runTask(uses, places, task));
  }
}
