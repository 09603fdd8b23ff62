/**
 * Nobody but us in a rehearsal from now on: it is going to open, and what somebody writes there then would be in the cluster.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { queryText, type Connection } from '../../instance/connection.ts';
import { connectToPrivate } from '../../instance/private-server.ts';
import { NO_RESTORE } from '../../recovery/promote.ts';
import { rehearsalServer } from '../../recovery/recovery-context.ts';
import { preparePrivateServers } from '../../recovery/rehearsal-files.ts';
import type { VolumeContext } from './volume-context.ts';

const POLL_MS = 50;

async function othersOf(connection: Connection): Promise<number> {
  const text = await queryText(
    connection,
    `select count(pg_terminate_backend(pid)) from pg_stat_activity
     where backend_type = 'client backend' and pid <> pg_backend_pid()`,
  );
  return Number(text);
}

/** Rewrites who may connect, and ends everybody else's session. @param closed without listening. */
export async function closeDoors(closed: VolumeContext): Promise<void> {
  await preparePrivateServers(closed.replay);
  await using connection = await connectToPrivate(rehearsalServer(closed.replay, NO_RESTORE));
  await connection.query('select pg_reload_conf()');
  // The postmaster reads the file when it gets to it; a session that had begun before that is seen by one of these looks.
  let quiet = 0;
  while (quiet < 4) {
    quiet = (await othersOf(connection)) === 0 ? quiet + 1 : 0;
    await sleep(POLL_MS);
  }
}
