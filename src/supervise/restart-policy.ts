/**
 * When a child that has ended is started again, and when it is given up.
 *
 * Ends are counted since the child was last seen to do its work, not by how long it ran: a bootstrap that restores for an
 * hour and fails has done nothing.
 *
 * @module
 */

/** How one child is kept. */
export interface RestartPolicy {
  /** Before the first, second … start again; the last one for all that follow. */
  readonly pausesMs: readonly number[];
  /** After so many ends in a row it is given up; never if absent. */
  readonly giveUpAfter?: number;
  /** A child that has run so long was well, whoever has seen it. */
  readonly wellAfterMs?: number;
}

/** What follows the end of a child. */
export type AfterEnd = { readonly kind: 'restart'; readonly pauseMs: number } | { readonly kind: 'giveUp' };

/** What follows the end that is the `endsInARow`th since the child was last well; the first is 1. */
export function afterEnd(policy: RestartPolicy, endsInARow: number): AfterEnd {
  if (policy.giveUpAfter !== undefined && endsInARow >= policy.giveUpAfter) return { kind: 'giveUp' };
  return { kind: 'restart', pauseMs: policy.pausesMs[endsInARow - 1] ?? policy.pausesMs.at(-1) ?? 0 };
}

/**
 * Patroni's: five attempts, as Spilo's `runit/patroni/finish` gives it. Then the whole container ends: one that idles
 * looks well to whoever watches it.
 */
export const PATRONI_RESTARTS: RestartPolicy = { pausesMs: [1000, 5000, 15_000, 30_000], giveUpAfter: 5 };

/** The agent's: for ever. Without it WAL is pushed one by one, by archive_command itself. */
export const AGENT_RESTARTS: RestartPolicy = {
  pausesMs: [1000, 2000, 5000, 15_000, 60_000],
  wellAfterMs: 60_000,
};
