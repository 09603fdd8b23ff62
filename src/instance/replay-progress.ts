/**
 * How far a server in recovery has got, asked of the server itself.
 *
 * A pause is believed only when the server is in recovery and says `paused`: before hot standby is reached, a pause at a
 * target silently becomes a promotion.
 *
 * Source: PostgreSQL manual, "Recovery Control Functions".
 *
 * @module
 */

import type { Connection } from './connection.ts';
import { parseLsn, type Lsn } from '../postgres/lsn.ts';

/** Where replay stands. */
export interface ReplayProgress {
  readonly isInRecovery: boolean;
  /** True when replay stands still at its target (or was told to). */
  readonly isPaused: boolean;
  /** End of the last record replayed; `undefined` outside recovery, or before the first. */
  readonly replayLsn: Lsn | undefined;
  /** Commit or abort time of the last transaction replayed, microseconds since 1970. */
  readonly lastTransactionUs: bigint | undefined;
}

const QUESTION = `select pg_is_in_recovery() as recovering,
  case when pg_is_in_recovery() then pg_get_wal_replay_pause_state() end as pause,
  pg_last_wal_replay_lsn()::text as lsn,
  (extract(epoch from pg_last_xact_replay_timestamp()) * 1000000)::bigint::text as at`;

/** Asks where replay stands. */
export async function readReplayProgress(connection: Connection): Promise<ReplayProgress> {
  const [row = {}] = await connection.query(QUESTION);
  const { recovering, pause, lsn, at } = row;
  return {
    isInRecovery: recovering === 't',
    isPaused: pause === 'paused',
    replayLsn: lsn === null || lsn === undefined ? undefined : parseLsn(lsn),
    lastTransactionUs: at === null || at === undefined ? undefined : BigInt(at),
  };
}
