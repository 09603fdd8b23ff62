/**
 * The timeline that a server writes.
 *
 * @module
 */

import { queryText, type Connection } from './connection.ts';

/** @throws what the server says, where it is in recovery: it writes none then. */
export async function writtenTimeline(connection: Connection): Promise<number> {
  return Number.parseInt((await queryText(connection, 'select pg_walfile_name(pg_current_wal_lsn())')).slice(0, 8), 16);
}
