/**
 * The changed pages of servers that are stopped next, written while their clients still work. The shutdown of a server writes
 * those that are left, and nobody can work beside that.
 *
 * Source: PostgreSQL manual, "CHECKPOINT"; "WAL Configuration" for restartpoints.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { queryText, type Connection } from '../instance/connection.ts';

/** A replica may be behind for so long before it writes what it has. */
const REPLAYED_MS = 10_000;
const POLL_MS = 100;

const POSITION = `select (case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end)::text`;

/**
 * Of a server that is stopped next. Who may not ask for a checkpoint stops it all the same, only later.
 *
 * @throws {Failure} `unavailable`, `failed` if the connection was lost before.
 */
export async function writeChangedPages(server: Connection): Promise<void> {
  await server.query('set statement_timeout = 0');
  // A lost connection is told by what is asked next.
  await server.query('checkpoint').catch(() => {});
}

/**
 * Of its replicas, behind {@link writeChangedPages}: each makes a restartpoint of the newest checkpoint that it has replayed, and its
 * shutdown makes one as well. @param primaryLsn where the primary was then ({@link positionOf}).
 *
 * @throws {Failure} `unavailable`, `failed` as a connection does.
 */
export async function writeChangedPagesOfReplica(replica: Connection, primaryLsn: string): Promise<void> {
  const deadline = Date.now() + REPLAYED_MS;
  const isBehind = `select (pg_last_wal_replay_lsn() < '${primaryLsn}'::pg_lsn)::text`;
  while ((await queryText(replica, isBehind)) === 'true' && Date.now() < deadline) await sleep(POLL_MS);
  await writeChangedPages(replica);
}

/** Where a server is in its WAL: what it has written, or, of a replica, replayed. */
export async function positionOf(server: Connection): Promise<string> {
  return queryText(server, POSITION);
}
