/**
 * How many parts of a backup are unpacked at once.
 *
 * @module
 */

import type { Settings } from '../config/load-settings.ts';

/**
 * Unless somebody has said how many: a thread for each takes 25 to 40 MiB, and more of them are hardly faster, since what
 * decodes and writes for all of them are the four threads that the runtime has for it (docs/benchmarks.md).
 */
const PARTS_AT_ONCE = 4;

/** What `download-concurrency` says where it is set. */
export function restoreConcurrency(settings: Settings): number {
  const downloads = settings.get('downloadConcurrency');
  return settings.isSet('downloadConcurrency') ? downloads : Math.min(PARTS_AT_ONCE, downloads);
}
