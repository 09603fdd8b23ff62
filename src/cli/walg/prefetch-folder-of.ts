/**
 * Where segments that were fetched ahead lie: beside the destination, as WAL-G has it, or below `WALG_PREFETCH_DIR`.
 *
 * @module
 */

import { dirname, join } from 'node:path';

import type { Settings } from '../../config/load-settings.ts';

/** The folder for fetches to `destination`. */
export function prefetchFolder(settings: Settings, destination: string): string {
  const named = settings.environment['WALG_PREFETCH_DIR'];
  return join(named === undefined || named === '' ? dirname(destination) : named, '.wal-g', 'prefetch');
}
