/**
 * Data that is there only as long as the server has the right settings: commit timestamps are thrown away by a promotion
 * without them, and a server with room for fewer replication origins than the data has does not start.
 *
 * @module
 */

import assert from 'node:assert/strict';

import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { accident, before, GOOD, LATER, ordersOf } from './orders.ts';
import { recovered, undone } from './standing.ts';
import type { Trap } from './trap.ts';

const ORIGINS = 15;

function settings(major: number): Record<string, string | number> {
  const room = { track_commit_timestamp: 'on', max_replication_slots: 20 };
  return major >= 18 ? { ...room, max_active_replication_origins: 20 } : room;
}

/** Orders whose commit time is known, and origins whose progress is. */
async function known(live: Recoverable): Promise<{ times: number; origins: number }> {
  const [row] = await live.server.sql<{ times: number; origins: number }>(
    `select (select count(pg_xact_commit_timestamp(xmin))::int from orders) as times,
      (select count(*)::int from pg_replication_origin_status where remote_lsn = '0/1') as origins`,
  );
  if (row === undefined) throw new Error('no answer');
  return row;
}

/** The trap. */
export const neededSettings: Trap = {
  name: 'commit timestamps and many replication origins',
  spring: async (major) => {
    await using live = await startRecoverable({ major, settings: settings(major) });
    await live.server.sql(`select pg_replication_origin_create('from ' || i) from generate_series(1, ${ORIGINS}) i`);
    await live.server.sql(
      `select pg_replication_origin_advance('from ' || i, '0/1') from generate_series(1, ${ORIGINS}) i`,
    );
    await live.backUp();
    const xid = await accident(live);
    assert.deepEqual(await known(live), { times: LATER, origins: ORIGINS });
    const plan = await live.plan(before(xid));
    await recovered(live, plan);
    assert.equal(await ordersOf(live), GOOD);
    assert.deepEqual(await known(live), { times: GOOD, origins: ORIGINS }, 'after the cutover');
    await undone(live, plan);
    assert.deepEqual(await known(live), { times: LATER, origins: ORIGINS }, 'after the undo');
    return `all there after the cutover, and after the undo`;
  },
};
