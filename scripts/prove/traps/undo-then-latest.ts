/**
 * A restore to `latest` after an undo: the line that was left must not be the newest. By us, and by a plain server that
 * follows `latest` with nothing of ours.
 *
 * @module
 */

import assert from 'node:assert/strict';

import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import { opens } from '../../../tests/support/archived-cluster.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { forgetBackup } from './forget-backup.ts';
import { accident, before, GOOD, inTransaction, LATER, ordersOf, timelineOf } from './orders.ts';
import { restoredServer } from './replica.ts';
import { askOne, recovered, rehearsed, undone } from './standing.ts';
import type { Trap } from './trap.ts';

const LATEST = { kind: 'latest' } as const;
const ABANDONED = 'select count(*) from orders where id = 999';

/** Someone restores the newest backup by hand, to the end of everything. */
async function byHand(live: Recoverable): Promise<void> {
  const server = await restoredServer(live, { name: 'by-hand', isStreaming: false, signal: 'recovery.signal' });
  try {
    assert.ok(await opens(server), 'it did not open');
    assert.equal(await ordersOf({ server }), LATER + 1);
    assert.equal(await timelineOf({ server }), 4, 'a line of its own, above the undone one');
    const [row] = await server.sql<{ count: string }>(ABANDONED);
    assert.equal(row?.count, '0');
  } finally {
    await server.stop('immediate');
  }
}

/** The trap. */
export const undoThenLatest: Trap = {
  name: 'an undo, then a restore to latest',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const xid = await accident(live);
    const plan = await live.plan(before(xid));
    await recovered(live, plan);
    assert.equal(await ordersOf(live), GOOD);
    await inTransaction(live, 'insert into orders values (999)');
    await undone(live, plan);
    assert.equal(await timelineOf(live), 3);
    await inTransaction(live, 'insert into orders values (301)');
    await archiveTail(live.uses);
    const latest = await live.plan(LATEST);
    assert.equal(latest.target.timeline, 3);
    assert.notEqual(latest.backup.timeline, 2, 'a backup of the line that was left');
    const seen = await rehearsed(live, latest, async ({ server }) => ({
      orders: await askOne(server, 'select count(*) from orders'),
      abandoned: await askOne(server, ABANDONED),
    }));
    assert.deepEqual(seen, { orders: String(LATER + 1), abandoned: '0' });
    await byHand(live);
    await forgetBackup(live, latest.backup.name);
    assert.equal((await live.plan(LATEST)).backup.timeline, 1, 'without its own backup, one of before the fork');
    return 'ends on the undone line, timeline 3, with its rows, by us and by a plain server that follows latest';
  },
};
