/**
 * What is believed of a replica between two proofs.
 *
 * While there is no leader to compare with, a replica that was accepted stays so for a while: it has replayed nothing since
 * that could be of another line, and taking every replica out of service at each failover helps nobody. Another timeline of
 * its own, or a leader that refuses it, ends that at once. So does a pause: nobody takes the lead then, so it is no failover,
 * and the leader may be away because it is taken back to a time before what this replica shows.
 *
 * @module
 */

import type { Acceptance, MemberFacts } from './readiness.ts';

/** How long a replica is believed without a leader: longer than a failover, shorter than a recovery goes unnoticed. */
export const BELIEVED_WITHOUT_LEADER_MS = 120_000;

/** What a look has found: a verdict, or that there is nobody to compare with. */
export type Looked = Acceptance | { readonly accepted: undefined; readonly why: string };

/** Remembers the last proof. */
export class AcceptanceMemory {
  #proven: { readonly timeline: number | undefined; readonly atMs: number } | undefined;

  /** The verdict that counts now. */
  take(looked: Looked, { timeline, isPaused }: Pick<MemberFacts, 'timeline' | 'isPaused'>, nowMs: number): Acceptance {
    if (looked.accepted !== undefined) {
      this.#proven = looked.accepted ? { timeline, atMs: nowMs } : undefined;
      return looked;
    }
    const proven = this.#proven;
    const isBelieved =
      !isPaused &&
      proven !== undefined &&
      proven.timeline === timeline &&
      nowMs - proven.atMs < BELIEVED_WITHOUT_LEADER_MS;
    return isBelieved ? { accepted: true } : { accepted: false, why: looked.why };
  }

  /** The member is no running replica any more: what was proven of it is of the past. */
  forget(): void {
    this.#proven = undefined;
  }
}
