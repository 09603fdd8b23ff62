/**
 * How long to wait before an attempt is made again.
 *
 * @module
 */

const FIRST_MS = 100;
const LONGEST_MS = 10_000;

/**
 * The pause after attempt number `attempt` (from 1): it doubles each time up to 10 s, and is taken at random from the
 * upper half, so that many clients that failed together do not come back together.
 *
 * @param random from 0 to 1.
 */
export function backoffMs(attempt: number, random: number): number {
  const longestMs = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
  return Math.round(longestMs * (0.5 + random / 2));
}
