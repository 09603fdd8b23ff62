/**
 * A rehearsal paused just before a transaction that truncates or drops: the table is locked there, and a query on it would
 * wait for ever.
 *
 * @module
 */

import assert from 'node:assert/strict';

import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import { checkRehearsal } from '../../../src/recovery/check-rehearsal.ts';
import { sqlStateOf } from '../../../src/instance/connection.ts';
import { messageOf } from '../../../src/base/failure.ts';
import { startRecoverable } from '../../../tests/support/recoverable.ts';
import { assertUntouched, settleAndLook } from './live-bytes.ts';
import { accident, before, inTransaction, LATER, ordersOf } from './orders.ts';
import { ask, rehearsed, type Standing } from './standing.ts';
import { within, type Trap } from './trap.ts';

const LIMIT_MS = 20_000;
const LOCK_NOT_AVAILABLE = '55P03';
const COUNT = `select count(*) = ${LATER} as is_whole from orders`;

/** A person's own session, who has set nothing. */
async function asPerson({ server }: Standing): Promise<void> {
  const asked = ask(server, 'select count(*) from customers').then(
    () => 'was answered',
    (error: unknown) => (sqlStateOf(error) === LOCK_NOT_AVAILABLE ? 'timed out' : messageOf(error)),
  );
  assert.equal(await within(LIMIT_MS, 'a query on the dropped table', asked), 'timed out');
}

async function asCheck({ context }: Standing): Promise<void> {
  const checks = [
    { name: 'locked', sql: COUNT },
    { name: 'other', sql: 'select count(*) = 1 as is_whole from other' },
  ];
  const asked = checkRehearsal(context, { checks, database: 'postgres', isWritable: false });
  const [locked, other] = await within(LIMIT_MS, 'a check on the truncated table', asked);
  assert.equal(locked?.passed, false);
  assert.match(locked?.problems.join('\n') ?? '', /locked by the target's own transaction .*--writable/s);
  assert.equal(other?.passed, true, 'a table that nobody has locked');
  const [copied] = await checkRehearsal(context, {
    checks: checks.slice(0, 1),
    database: 'postgres',
    isWritable: true,
  });
  assert.deepEqual(copied?.problems, [], 'on the promoted copy, as the message says');
}

/** The trap. */
export const lockedTable: Trap = {
  name: 'a query on a table about to be truncated or dropped',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    await accident(live);
    await inTransaction(live, 'create table customers as select 1 as id; create table other as select 1 as id');
    const xid = await inTransaction(live, 'truncate orders; drop table customers');
    await archiveTail(live.uses);
    const plan = await live.plan(before(xid));
    const look = await settleAndLook(live);
    await rehearsed(live, plan, async (standing) => {
      await asPerson(standing);
      await asCheck(standing);
    });
    assert.equal(await ordersOf(live), 0);
    const files = await assertUntouched(live, look);
    return `both time out and say why; a promoted copy answers; ${files} live files untouched`;
  },
};
