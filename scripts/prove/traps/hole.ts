/**
 * A segment missing from the archive while later ones are there. PostgreSQL would take it for the end, and open.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

import { parseLsn } from '../../../src/postgres/lsn.ts';
import { startRecoverable } from '../../../tests/support/recoverable.ts';
import { assertUntouched, lookAt } from './live-bytes.ts';
import { accident, before, GOOD, inTransaction, LATER, orderInSegment } from './orders.ts';
import { assertNeverOpens } from './never-opens.ts';
import { askOne, rehearsed } from './standing.ts';
import { failureOf, type Trap } from './trap.ts';

/** The trap. */
export const hole: Trap = {
  name: 'a hole with later segments',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const xid = await accident(live);
    const missing = await orderInSegment(live, 301);
    const later = await inTransaction(live, 'insert into orders values (302)');
    await orderInSegment(live, 303);
    await rm(join(live.archive, 'wal_005', missing));
    // Stopped, so that every byte can be compared.
    await live.server.stop();
    const look = await lookAt(live);
    const words = [missing, '--to-lsn', /The archive goes on with [0-9A-F]{24}/];
    const refusal = await failureOf('refused', words, () => live.plan({ kind: 'xid', xid: later, inclusive: true }));
    await failureOf('refused', words, () => live.plan({ kind: 'latest' }));
    const lsn = parseLsn(/--to-lsn ([0-9A-F]+\/[0-9A-F]+)/.exec(refusal.remedy)?.[1] ?? '');
    assert.ok(lsn !== undefined);
    const nearest = await live.plan({ kind: 'lsn', lsn, inclusive: true });
    const kept = await rehearsed(live, nearest, ({ server }) => askOne(server, 'select count(*) from orders'));
    assert.equal(kept, String(LATER), 'the nearest that it names');
    const orders = await rehearsed(live, await live.plan(before(xid)), ({ server }) =>
      askOne(server, 'select count(*) from orders'),
    );
    assert.equal(orders, String(GOOD), 'a target before the hole');
    const files = await assertUntouched(live, look);
    await assertNeverOpens(live, missing);
    return `the plan names it and the nearest; restore_command stops the server; ${files} files of the stopped server the same, every byte`;
  },
};
