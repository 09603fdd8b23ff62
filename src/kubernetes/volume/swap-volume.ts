/**
 * The swap of a volume: two renames on one file system. Which of them were made is seen from what is there.
 *
 * | there | means |
 * |---|---|
 * | live, rehearsal | nothing was done |
 * | kept, rehearsal | the first rename was: no server can start here, as there is no data directory |
 * | kept, live | it is done |
 *
 * @module
 */

import { join } from 'node:path';

import { Failure } from '../../base/failure.ts';
import type { PlaceName } from '../../cluster/cluster.ts';
import type { LocalPlaces } from '../../cluster/local-places.ts';
import { controlFileOf, isShutDown } from '../../instance/control-file-of.ts';
import { isThere } from '../../instance/durable-rename.ts';

/** Only what has been opened, proven and shut down cleanly goes live. */
async function checkFinished(places: LocalPlaces, id: string): Promise<void> {
  const directory = places.placeOf(id, 'rehearsal');
  const control = await controlFileOf(directory);
  const isOpen = control.state === 'shut down' && !(await isThere(join(directory, 'recovery.signal')));
  if (isOpen && isShutDown(control)) return;
  throw new Failure('refused', {
    message: `cannot swap in the rehearsal ${id}: it is not finished, its control file says "${control.state}"`,
    remedy: 'Finish it first: only then it is proven to have stopped at its target.',
  });
}

async function exchange(
  places: LocalPlaces,
  id: string,
  { next, aside }: { readonly next: PlaceName; readonly aside: PlaceName },
): Promise<boolean> {
  if (!(await places.isPresent(id, next))) {
    if ((await places.isPresent(id, aside)) && (await places.isPresent(id, 'live'))) return true;
    throw new Failure('conflict', {
      message: `cannot swap for recovery ${id}: ${places.placeOf(id, next)} is not there`,
      remedy: `Look at what is in ${places.recoveryFolder(id)}, and at ${places.dataDirectory}.`,
    });
  }
  if (!(await places.isPresent(id, aside))) await places.move(id, 'live', aside);
  await places.move(id, next, 'live');
  return false;
}

/** live → kept, rehearsal → live. @returns whether it was done already. @throws {Failure} `refused` if the rehearsal is not finished. */
export async function swapIn(places: LocalPlaces, id: string): Promise<boolean> {
  if (await places.isPresent(id, 'rehearsal')) await checkFinished(places, id);
  return exchange(places, id, { next: 'rehearsal', aside: 'kept' });
}

/**
 * live → replaced, kept → live. A swap that never came to its first rename, or not to its second, is taken back as well.
 *
 * @returns whether it was done already.
 */
export async function swapBack(places: LocalPlaces, id: string): Promise<boolean> {
  const [live, kept, rehearsal] = await Promise.all(
    (['live', 'kept', 'rehearsal'] as const).map(async (place) => places.isPresent(id, place)),
  );
  if (live === true && kept === false && rehearsal === true) return true;
  if (live === false && kept === true) {
    await places.move(id, 'kept', 'live');
    return false;
  }
  return exchange(places, id, { next: 'kept', aside: 'replaced' });
}
