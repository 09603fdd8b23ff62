/**
 * Where the spool's `walkback-restore` is beside the bundle.
 *
 * @module
 */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The script of the spool, where the bundle has it; the sources know theirs. */
export function bundledRestoreScript(): string | undefined {
  const path = fileURLToPath(new URL('sh/walkback-restore', import.meta.url));
  return existsSync(path) ? path : undefined;
}
