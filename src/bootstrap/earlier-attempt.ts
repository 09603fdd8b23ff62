/**
 * What an earlier run of this host has left to a request: an attempt that is gone on with, or one that makes room for the
 * next. A plan that is only shown looks at the same as the clone that would be made.
 *
 * @module
 */

import { whyAnew, readClonePlan } from './attempt.ts';
import type { ClonePlan, CloneRequestFacts } from './clone-plan-value.ts';
import { isInPlace } from './in-place.ts';
import { attemptEntries, type BootstrapEntry } from './journal.ts';
import { hasLived, type LeftAttempt } from './make-room.ts';
import type { BootstrapPlace } from './place.ts';

/** What was found. */
export type EarlierAttempt =
  | { readonly kind: 'goOn'; readonly plan: ClonePlan }
  | {
      readonly kind: 'anew';
      readonly why: string;
      /** The attempt, which makes room for the next; `undefined` if there is none. */
      readonly left: LeftAttempt | undefined;
      /** The attempt that may be made again though its cluster is in the archive: Patroni has never taken it over. */
      readonly ownId: string | undefined;
    };

/** Looks; changes nothing. */
export async function earlierAttempt(
  place: BootstrapPlace,
  entries: readonly BootstrapEntry[],
  facts: CloneRequestFacts,
): Promise<EarlierAttempt> {
  const plan = await readClonePlan(place);
  const isMade = plan !== undefined && (await isInPlace(place, entries));
  const why = isMade ? undefined : await whyAnew(place, entries, plan, facts);
  if (why === undefined && plan !== undefined) return { kind: 'goOn', plan };
  const isOver = entries.some(({ event }) => event === 'initialized');
  const left = plan === undefined ? undefined : { plan, hasLived: await hasLived(place, entries) };
  return { kind: 'anew', why: why ?? '', left, ownId: isOver ? undefined : plan?.id };
}

/** "beginning anew", where there was an attempt. */
export function anewWords(entries: readonly BootstrapEntry[], why: string): string | undefined {
  return attemptEntries(entries).length === 0 ? undefined : `beginning anew: ${why}`;
}
