/**
 * What a backup tidies up before it and behind it. None of that is a reason to have no backup: what may not be deleted stays,
 * and is said.
 *
 * @module
 */

import { isFailure, type Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { leftUndeleted } from './left-undeleted.ts';
import { cleanLeftovers, deleteUnfinished, type OwnMarker } from './running-marker.ts';

/** What was done about killed backups, and why not all. */
export interface Leftovers {
  readonly cleanedUp: readonly string[];
  readonly problem?: Failure;
}

/** Deletes what killed backups have left, as far as that may be. `whole`: all of an archive's stores. */
export async function cleanFirst(whole: ObjectStore, now: Date): Promise<Leftovers> {
  try {
    return { cleanedUp: await cleanLeftovers(whole, now) };
  } catch (error) {
    return { cleanedUp: [], problem: leftUndeleted(error) };
  }
}

/** Removes the marker of a backup that is whole. Answers with the reason, if it stays. */
export async function removeMarker(marker: OwnMarker): Promise<Failure | undefined> {
  try {
    await marker.remove();
    return undefined;
  } catch (error) {
    if (isFailure(error)) return error;
    throw error;
  }
}

/** Deletes what there is of a backup that failed. What stays keeps its marker, by which a later backup finds it. Throws nothing. */
export async function takeBack(whole: ObjectStore, backupName: string, marker: OwnMarker): Promise<void> {
  try {
    await deleteUnfinished(whole, backupName);
    await marker.remove();
  } catch {
    marker.leave();
  }
}
