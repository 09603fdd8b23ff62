/**
 * How many parts of a backup are unpacked at once.
 *
 * @module
 */

import { availableParallelism } from 'node:os';

import type { Settings } from '../config/load-settings.ts';

/** Fewer leave a network idle. */
const FEWEST_PARTS_AT_ONCE = 4;
const PARTS_FOR_A_PROCESSOR = 2;

/**
 * What `download-concurrency` says where it is set. Where it is not: a thread for each part takes 25 to 40 MiB, and on few
 * processors, where a pod seldom has much memory, more of them are hardly faster (docs/benchmarks.md).
 *
 * @param processors that this process may use; a container's limit counts.
 */
export function restoreConcurrency(settings: Settings, processors: number = availableParallelism()): number {
  const downloads = settings.get('downloadConcurrency');
  if (settings.isSet('downloadConcurrency')) return downloads;
  return Math.min(downloads, Math.max(FEWEST_PARTS_AT_ONCE, PARTS_FOR_A_PROCESSOR * processors));
}
