/**
 * What a release of a recovery's kept data removes, as an operator sees it.
 *
 * @module
 */

import type { ReleasedPath } from '../../recovery/release.ts';
import { formatBytes } from './format.ts';

/** What a release removes. */
export function releaseText(paths: readonly ReleasedPath[], done: boolean): string {
  if (paths.length === 0) return 'Nothing is kept.\n';
  const sum = paths.reduce((all, { sizeBytes }) => all + sizeBytes, 0n);
  const lines = paths.map(
    ({ path, sizeBytes, holds }) => `  ${formatBytes(sizeBytes).padStart(8)}  ${path}  (${holds})`,
  );
  return `${done ? 'Removed' : 'Would remove'} ${formatBytes(sum)}:\n${lines.join('\n')}\n`;
}
