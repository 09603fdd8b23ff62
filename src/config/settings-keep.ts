/**
 * Settings of what stays in an archive when it is pruned.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { duration, integer } from './value-kind.ts';

const MS_PER_DAY = 86_400_000;
/** A century. */
const LONGEST_MS = 36_525 * MS_PER_DAY;

/** What prune keeps. */
export const KEEP_SETTINGS = {
  keepFull: {
    group: 'keep',
    kind: integer(1, 100_000),
    summary:
      'How many full backups prune keeps: the newest ones of the line of history on which the cluster lives, with every moment behind the oldest of them. With keepWindow too, what either keeps stays. Absent, as that is too: prune does nothing.',
    example: '7',
  },
  keepWindow: {
    group: 'keep',
    kind: duration(3_600_000, LONGEST_MS),
    summary:
      'The span of time, 1h at least, of which every moment stays reachable when the archive is pruned; counted back from the newest WAL.',
    example: '30d',
  },
} as const satisfies Record<string, Setting>;
