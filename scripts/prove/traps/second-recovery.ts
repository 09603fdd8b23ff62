/**
 * A second recovery after a first: to before it, onto the line that the first one left, and to a moment that is only there
 * while following the new one.
 *
 * @module
 */

import assert from 'node:assert/strict';

import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import { startRecoverable } from '../../../tests/support/recoverable.ts';
import { assertUntouched, settleAndLook } from './live-bytes.ts';
import { accident, before, GOOD, inTransaction, LATER, ordersOf, timelineOf } from './orders.ts';
import { recovered, undone } from './standing.ts';
import { failureOf, type Trap } from './trap.ts';

/** The trap. */
export const secondRecovery: Trap = {
  name: 'a second recovery, to before the first and onto the line it left',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const created = await inTransaction(live, 'create table early (id int)');
    const xid = await accident(live);
    const left = await inTransaction(live, 'insert into orders values (301)');
    await archiveTail(live.uses);
    await recovered(live, await live.plan(before(xid)));
    assert.deepEqual([await timelineOf(live), await ordersOf(live)], [2, GOOD]);
    const look = await settleAndLook(live);
    // Its number may be given out again on the new line; only the old one has it by now.
    await failureOf('refused', ['timeline 1', '--timeline 1'], () =>
      live.plan({ kind: 'xid', xid: left, inclusive: true }),
    );
    const files = await assertUntouched(live, look);
    const beforeFirst = await live.plan({ kind: 'xid', xid: created, inclusive: true });
    assert.equal(beforeFirst.target.timeline, 1);
    await recovered(live, beforeFirst);
    const [row] = await live.server.sql<{ orders: string | null }>("select to_regclass('orders')::text as orders");
    assert.deepEqual([await timelineOf(live), row?.orders], [3, null], 'before there were orders');
    const ontoLeft = await live.plan({ kind: 'xid', xid: left, inclusive: true }, 1);
    assert.deepEqual(
      ontoLeft.replay.line.map(({ timeline }) => timeline),
      [1],
    );
    await recovered(live, ontoLeft);
    assert.deepEqual([await timelineOf(live), await ordersOf(live)], [4, LATER + 1]);
    await undone(live, ontoLeft);
    assert.equal(await timelineOf(live), 5);
    return `before the first, and onto the abandoned line with --timeline; without it refused, naming it; ${files} live files untouched by the refusal`;
  },
};
