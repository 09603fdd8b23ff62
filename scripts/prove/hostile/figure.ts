/**
 * The figure of the proof of hostile inputs: what must be 0 stands first, since a row of docs/proofs.md has room for its beginning.
 *
 * @module
 */

import type { HostileCounts } from './notice.ts';

/** What a run came to. */
export interface HostileTotals {
  readonly tried: number;
  readonly crashes: number;
  readonly hangs: number;
  readonly counts: HostileCounts;
  readonly memory: { readonly grownMib: number };
  readonly kinds: readonly string[];
}

/** One line. */
export function hostileFigure({ tried, crashes, hangs, counts, memory, kinds }: HostileTotals): string {
  const { refused, same, different, wrong, outside } = counts;
  return [
    `crashes ${crashes}, writes outside the target ${outside}, hangs ${hangs}, wrong ${wrong}, memory grew by ${Math.round(memory.grownMib)} MiB`,
    `${tried} inputs: ${refused} refused, ${same} as they were, ${different} something else where the format has no checksum`,
    kinds.join(', '),
  ].join('; ');
}
