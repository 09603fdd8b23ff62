/**
 * Libraries that the live server preloads, as pg_cron does: their background workers would do the live server's work a
 * second time, on old data. Here pg_prewarm, whose worker runs by itself, and auto_explain.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { withWritableCopy } from '../../../src/recovery/writable-copy.ts';
import type { PrivateServer } from '../../../src/instance/private-server.ts';
import { exists } from '../../../src/archive/server.ts';
import { startRecoverable } from '../../../tests/support/recoverable.ts';
import { until } from '../../../tests/support/archived-cluster.ts';
import { assertUntouched, settleAndLook } from './live-bytes.ts';
import { accident, before } from './orders.ts';
import { ask, askOne, rehearsed } from './standing.ts';
import type { Trap } from './trap.ts';

/** Processes that act by themselves; what replays, checkpoints and writes back is none of them. */
const WORKERS = `select backend_type from pg_stat_activity where backend_type like 'logical replication%'
  or backend_type like 'autovacuum%' or backend_type = 'archiver'`;

/** What pg_prewarm's worker writes, once a second as it is set here. */
const WRITTEN_BY_WORKER = 'autoprewarm.blocks';
const WORKER_MS = 2500;

async function assertInert(server: PrivateServer, isPromoted: boolean): Promise<void> {
  const settings = await ask(
    server,
    `select name, setting from pg_settings where setting not in ('', '(disabled)') and name in ('shared_preload_libraries',
      'session_preload_libraries', 'local_preload_libraries', 'archive_command', 'primary_conninfo', 'listen_addresses')`,
  );
  assert.deepEqual(settings, [], 'settings of the live server reach in');
  const workers = (await ask(server, WORKERS)).map((row) => row['backend_type']);
  // A server that holds its WAL has an archiver, with nothing to do; a copy's WAL goes nowhere.
  assert.deepEqual(
    workers.filter((type) => isPromoted || type !== 'archiver'),
    [],
    'workers run',
  );
  const isLoaded = await askOne(server, "select count(*) from pg_settings where name = 'auto_explain.log_analyze'");
  assert.equal(isLoaded, '0', 'auto_explain is loaded');
  await rm(join(server.dataDirectory, WRITTEN_BY_WORKER), { force: true });
  await sleep(WORKER_MS);
  assert.equal(await exists(join(server.dataDirectory, WRITTEN_BY_WORKER)), false, "pg_prewarm's worker runs");
}

/** The trap. */
export const backgroundWorkers: Trap = {
  name: 'preloaded libraries with background workers',
  spring: async (major) => {
    const settings = {
      shared_preload_libraries: "'pg_prewarm, auto_explain'",
      session_preload_libraries: "'auto_explain'",
      'pg_prewarm.autoprewarm_interval': 1,
      autovacuum: 'on',
    };
    await using live = await startRecoverable({ major, settings });
    const written = join(live.server.dataDirectory, WRITTEN_BY_WORKER);
    // Or the trap would be none.
    await until('its worker runs on the live server', async () => exists(written));
    await live.server.sql('alter system set autovacuum = off');
    await live.server.sql('alter system set pg_prewarm.autoprewarm_interval = 0');
    await live.server.sql('select pg_reload_conf()');
    const xid = await accident(live);
    const plan = await live.plan(before(xid));
    const look = await settleAndLook(live);
    await rehearsed(live, plan, async ({ context, server }) => {
      await assertInert(server, false);
      await withWritableCopy(context, (copy) => assertInert(copy, true));
    });
    const files = await assertUntouched(live, look);
    return `neither library nor worker is in the rehearsal or in a promoted copy; ${files} live files untouched`;
  },
};
