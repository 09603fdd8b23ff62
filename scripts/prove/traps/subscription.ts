/**
 * A subscription in the backup: a server that opens on it would connect to the publisher, take over the live server's
 * replication slot, and apply what the live server should have.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import type { Plan } from '../../../src/recovery/plan-value.ts';
import { withWritableCopy } from '../../../src/recovery/writable-copy.ts';
import { until } from '../../../tests/support/archived-cluster.ts';
import { startPostgres, type TestServer } from '../../../tests/support/postgres.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { ask, recovered, rehearsed } from './standing.ts';
import type { Trap } from './trap.ts';

/** The launcher of a server that opens looks for subscriptions at once. */
const LAUNCHER_MS = 2500;

async function publish(major: number): Promise<TestServer> {
  const publisher = await startPostgres({ major, settings: { wal_level: 'logical', log_connections: 'on' } });
  await publisher.sql('create table orders (id int primary key)');
  await publisher.sql('create publication shop for table orders');
  return publisher;
}

async function subscribe(live: Recoverable, publisher: TestServer): Promise<void> {
  const conninfo = `host=${publisher.socketDirectory} port=5432 user=postgres dbname=postgres`;
  await live.server.sql('create table orders (id int primary key)');
  await live.server.sql(`create subscription shop connection '${conninfo}' publication shop`);
  await arrives(live, publisher, 1);
}

/** A row of the publisher reaches the live server. */
async function arrives(live: Recoverable, publisher: TestServer, id: number): Promise<void> {
  await publisher.sql(`insert into orders values (${id})`);
  await until(`row ${id} reaches the subscriber`, async () => {
    const rows = await live.server.sql(`select from orders where id = ${id}`);
    return rows.length === 1;
  });
}

/** Who has the slot, and every replication connection that the publisher ever received. */
async function seenBy(publisher: TestServer): Promise<{ pids: unknown[]; connections: number }> {
  const rows = await publisher.sql<{ pid: number }>('select active_pid as pid from pg_replication_slots order by 1');
  const log = await readFile(join(publisher.root, 'server.log'), 'utf8');
  const connections = [...log.matchAll(/replication connection authorized/g)].length;
  return { pids: rows.map(({ pid }) => pid), connections };
}

/** What the plan's warning says: after the cutover it goes on, and what came after the target does not come again. */
async function losesWhatCameAfter(live: Recoverable, publisher: TestServer, plan: Plan): Promise<void> {
  await archiveTail(live.uses);
  await recovered(live, plan);
  await arrives(live, publisher, 4);
  const rows = await live.server.sql<{ id: number }>('select id from orders order by id');
  assert.deepEqual(
    rows.map(({ id }) => id),
    [1, 2, 4],
  );
}

/** The trap. */
export const subscription: Trap = {
  name: 'a subscription in the backup',
  spring: async (major) => {
    await using publisher = await publish(major);
    await using live = await startRecoverable({ major });
    await subscribe(live, publisher);
    await live.backUp();
    await arrives(live, publisher, 2);
    await archiveTail(live.uses);
    const plan = await live.plan({ kind: 'latest' });
    assert.ok(
      plan.warnings.some(
        ({ about, names, text }) =>
          about === 'subscriptions' && names.includes('shop') && /does not come again/.test(text),
      ),
      'the plan does not warn of it',
    );
    const seen = await seenBy(publisher);
    assert.ok(seen.connections > 0 && seen.pids.every((pid) => pid !== null), 'the live subscription does not run');
    await rehearsed(live, await live.plan({ kind: 'latest' }), async ({ context, server }) => {
      await arrives(live, publisher, 3);
      assert.equal((await ask(server, 'select subname from pg_subscription where subenabled')).length, 1);
      await withWritableCopy(context, async (copy) => {
        await sleep(LAUNCHER_MS);
        assert.deepEqual(await ask(copy, 'select id from orders order by id'), [{ id: '1' }, { id: '2' }]);
      });
    });
    assert.deepEqual(await seenBy(publisher), seen, 'connections that the publisher received');
    await losesWhatCameAfter(live, publisher, plan);
    return `enabled in the rehearsal and in a promoted copy, and the publisher saw only the live server's ${seen.connections} connections; after a cutover it loses what the plan says`;
  },
};
