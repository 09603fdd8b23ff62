/**
 * How long to wait before an attempt is made again.
 *
 * @module
 */

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/**
 * The pause after attempt number `attempt` (from 1): taken at random up to a limit that doubles each time, to 10 s at
 * most ("full jitter"), so that many clients that failed together do not come back together.
 *
 * @param random from 0 to 1.
 */
export function backoffMs(attempt: number, random: number): number {
  const longestMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(longestMs * random);
}
