/**
 * Recovery targets: where recovery stops. PostgreSQL's word; nothing else is called a target.
 *
 * Source: PostgreSQL manual, "Recovery Target".
 *
 * @module
 */

import type { Lsn } from './lsn.ts';

/**
 * What the operator asked for. All but `transaction` are PostgreSQL's own. That one means what a person means: a
 * subtransaction stands for the transaction around it, and before a prepared one is before it was prepared.
 */
export type RecoveryTarget =
  | { readonly kind: 'time'; readonly timeUs: bigint; readonly inclusive: boolean }
  | { readonly kind: 'lsn'; readonly lsn: Lsn; readonly inclusive: boolean }
  | { readonly kind: 'xid'; readonly xid: number; readonly inclusive: boolean }
  | { readonly kind: 'transaction'; readonly xid: number; readonly side: 'before' | 'after' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'latest' };

/** How a transaction ended, as its WAL record says. */
export type EndOfTransactionKind = 'commit' | 'abort' | 'commitPrepared' | 'abortPrepared';

/** The record that ended a transaction. Only these four kinds stop a time or xid target. */
export interface TransactionEnd {
  readonly kind: EndOfTransactionKind;
  /** The top transaction (for the prepared kinds, the prepared one); low 32 bits. */
  readonly xid: number;
  /** Microseconds since the Unix epoch. */
  readonly timeUs: bigint;
  /** First byte of the record. */
  readonly lsn: Lsn;
  /** First byte behind the record, as the server counts it (aligned to 8). */
  readonly endLsn: Lsn;
  /** The timeline it was read from. */
  readonly timeline: number;
}

/**
 * A target resolved to one place between two transactions: what PostgreSQL is given is always a position
 * (`recovery_target_lsn`) on a named timeline, which does not depend on clocks.
 */
export interface Moment {
  readonly timeline: number;
  readonly targetLsn: Lsn;
  readonly inclusive: boolean;
  /** The last commit that stays. `undefined` if there is none between the backup and the target. */
  readonly lastKept: TransactionEnd | undefined;
  /** The first commit that goes. `undefined` at the end of the archive. */
  readonly firstLost: TransactionEnd | undefined;
}
