/**
 * Slips in the names of variables of a clone, also in their first letters, where no family of names shows them.
 *
 * A target that is passed over lets everything be replayed, what destroyed data too; a method that is passed over makes a
 * new, empty database (F-03). So case and punctuation do not count here, and two letters may be wrong.
 *
 * @module
 */

import { editDistance } from '../base/nearest-name.ts';
import { ARCHIVE_SETTING_VARIABLES } from './archive-variables.ts';
import { CONTAINER_VARIABLES } from './variables.ts';

const HEAD = 'clone';
const MOST_EDITS = 2;

/** Programs of others whose names of variables begin nearly so. */
const ELSEWHERE = /^RCLONE_/;

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** CLONE_* by their letters alone. */
const PLAIN_NAMES: readonly (readonly [letters: string, name: string])[] = [
  ...[...CONTAINER_VARIABLES.keys()].filter((name) => name.startsWith('CLONE_')),
  ...[...ARCHIVE_SETTING_VARIABLES].map((name) => `CLONE_${name}`),
].map((name) => [plain(name), name]);

/** True for `clon…`, `clnoe…`, `clones…`; false for `cloud…`, `phone…`, `zone…`, with which names of others begin. */
function beginsLikeClone(letters: string): boolean {
  return [-1, 0, 1].some((more) => editDistance(letters.slice(0, HEAD.length + more), HEAD) <= 1);
}

/**
 * The variable of a clone that `name` is most likely a slip of; `undefined` if none, or if `name` is known itself. Nobody
 * else has a `…TARGET_TIME` that nearly begins with CLONE, so there any two letters may be the wrong ones.
 */
export function nearCloneName(name: string, isKnown: (name: string) => boolean): string | undefined {
  if (isKnown(name) || ELSEWHERE.test(name)) return undefined;
  const letters = plain(name);
  const isLike = beginsLikeClone(letters);
  const near = PLAIN_NAMES.filter(([known]) => isLike || known.startsWith(`${HEAD}target`))
    .map(([known, meant]) => ({ meant, edits: editDistance(letters, known) }))
    .filter(({ edits }) => edits <= MOST_EDITS)
    .toSorted((a, b) => a.edits - b.edits);
  return near[0]?.meant;
}
