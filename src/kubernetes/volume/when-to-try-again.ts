/**
 * Whether work in a pod is tried again after a failure, and when: nobody may be watching, and nobody else starts it again.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';

const FIRST_PAUSE_MS = 2000;
const LONGEST_PAUSE_MS = 60_000;
/** A server that ended, or a write that failed: once or twice that is a passing lack of memory or room. */
const MOST_FAILURES = 4;

/**
 * The pause before the next attempt; `undefined` if there is none by itself.
 *
 * @param failures in a row, this one included.
 */
export function pauseBeforeNext(error: unknown, failures: number): number | undefined {
  const pauseMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 10));
  if (isFailure(error, 'unavailable')) return pauseMs;
  const mayPass = !isFailure(error) || error.kind === 'failed';
  return mayPass && failures < MOST_FAILURES ? pauseMs : undefined;
}
