/**
 * The last step of every bootstrap, and how to see whether it was made.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { StepFacts } from '../recovery/journal.ts';
import { recordedId } from './clone-record.ts';
import { attemptEntries, hasStepBegun, type BootstrapEntry } from './journal.ts';
import { checkPlace, hasData, isPlaceFree, putInPlace, type BootstrapPlace } from './place.ts';

/** True if the data directory holds what the last attempt has put there, also if it was killed before it could say so. */
export async function isInPlace(place: BootstrapPlace, entries: readonly BootstrapEntry[]): Promise<boolean> {
  if (!hasStepBegun(entries, 'putInPlace') || (await isPlaceFree(place))) return false;
  const [first] = attemptEntries(entries);
  return first?.event === 'attempt' && first.id === (await recordedId(place.dataDirectory));
}

/** Who asks for it. */
export interface Appearance {
  readonly id: string;
  readonly wasInterrupted: boolean;
  /** True once the program that started this one has ended. */
  readonly isOrphan: () => boolean;
}

/**
 * Puts finished data in place.
 *
 * @throws {Failure} `conflict` if Patroni, which would take them over, has ended: they would be started as a secondary.
 */
export async function appearInPlace(place: BootstrapPlace, given: Appearance): Promise<StepFacts> {
  const isMade =
    given.wasInterrupted && !(await hasData(place)) && (await recordedId(place.dataDirectory)) === given.id;
  if (isMade) return {};
  if (given.isOrphan()) {
    throw new Failure('conflict', {
      message: `cannot put the finished data into ${place.dataDirectory}: the program that started this bootstrap has ended`,
      remedy: 'Nothing is lost: start Patroni again, and it is put in place then, at once.',
    });
  }
  await checkPlace(place);
  await putInPlace(place);
  return {};
}
