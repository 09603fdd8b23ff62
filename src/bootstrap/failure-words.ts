/**
 * Failures of pieces that recoveries use too, in the words of whoever starts a container: there, a target is a variable, and
 * what goes on is the next start.
 *
 * @module
 */

import { Failure, isFailure } from '../base/failure.ts';
import type { BootstrapPlace } from './place.ts';

const OF_RECOVERIES = /walkback (rehearse|undo|recover (?:run|status))\b/;

function remedyFor(error: Failure, place: BootstrapPlace): string {
  if (OF_RECOVERIES.test(error.remedy)) {
    return `Nothing was put into ${place.dataDirectory}. Start again: it is gone on with, or begun anew where that is of no use. What was restored so far is in ${place.folder}.`;
  }
  if (!error.remedy.includes('walkback recover plan')) return error.remedy;
  const typed = error.remedy.replaceAll('walkback recover plan', 'walkback bootstrap clone');
  return `${typed}\nIn a container: --to-time is CLONE_TARGET_TIME (left empty: --to-latest), --timeline is CLONE_TARGET_TIMELINE.`;
}

/** Does some work; what it throws has a remedy that can be followed here. */
export async function inBootstrapWords<T>(place: BootstrapPlace, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isFailure(error)) throw error;
    throw new Failure(error.kind, {
      message: error.message,
      remedy: remedyFor(error, place),
      facts: error.facts,
      cause: error.cause ?? error,
    });
  }
}
