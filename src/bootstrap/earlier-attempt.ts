/**
 * What an earlier run of this host has left to a request: an attempt that is gone on with, or one that makes room for the
 * next. A plan that is only shown looks at the same as the clone that would be made.
 *
 * @module
 */

import { allocatedBytes } from '../instance/allocated-bytes.ts';
import { whyAnew, readClonePlan } from './attempt.ts';
import { restoredFolders } from './build-steps.ts';
import { beforeUpgrade } from './clone-context.ts';
import type { ClonePlan, CloneRequestFacts } from './clone-plan-value.ts';
import { isInPlace } from './in-place.ts';
import { attemptEntries, type BootstrapEntry } from './journal.ts';
import type { BootstrapPlace } from './place.ts';

/** What was found. */
export type EarlierAttempt =
  | { readonly kind: 'goOn'; readonly plan: ClonePlan }
  | {
      readonly kind: 'anew';
      readonly why: string;
      /** Its plan; `undefined` if there is no attempt. */
      readonly plan: ClonePlan | undefined;
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
  return { kind: 'anew', why: why ?? '', plan, ownId: isOver ? undefined : plan?.id };
}

/** "beginning anew", where there was an attempt. */
export function anewWords(entries: readonly BootstrapEntry[], why: string): string | undefined {
  return attemptEntries(entries).length === 0 ? undefined : `beginning anew: ${why}`;
}

/** Everything that an attempt has restored, and that the next one removes before it begins. */
export function foldersOfAttempt(place: BootstrapPlace, plan: ClonePlan): string[] {
  return [...restoredFolders(place, plan.id), beforeUpgrade(place, plan)];
}

/** How much room that makes. */
export async function bytesOfAttempt(place: BootstrapPlace, plan: ClonePlan | undefined): Promise<bigint> {
  return plan === undefined ? 0n : allocatedBytes(foldersOfAttempt(place, plan));
}
