/**
 * CREATE and DROP TABLESPACE in the range to replay: on the same host, replaying them acts on the live cluster's files. And
 * a tablespace in the backup, whose restored copy must not be the live one.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { parseLsn } from '../../../src/postgres/lsn.ts';
import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import { checkRehearsal } from '../../../src/recovery/check-rehearsal.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { assertUntouched, settleAndLook } from './live-bytes.ts';
import { accident, ordersOf } from './orders.ts';
import { askOne, rehearsed } from './standing.ts';
import { failureOf, type Trap } from './trap.ts';

const LATEST = { kind: 'latest' } as const;

async function refusedThenBefore(live: Recoverable, space: string): Promise<number> {
  const look = await settleAndLook(live);
  const refusal = await failureOf('refused', [`CREATE TABLESPACE at ${JSON.stringify(space)}`, '--exclusive'], () =>
    live.plan(LATEST),
  );
  await assertUntouched(live, look);
  const lsn = parseLsn(/--to-lsn (\S+)/.exec(refusal.remedy)?.[1] ?? '');
  assert.ok(lsn !== undefined, `the remedy names no position: ${refusal.remedy}`);
  const plan = await live.plan({ kind: 'lsn', lsn, inclusive: false });
  const orders = await rehearsed(live, plan, ({ server }) => askOne(server, 'select count(*) from orders'));
  assert.equal(orders, String(await ordersOf(live)), 'rows of the moment that the remedy names');
  return assertUntouched(live, look);
}

/** Rows of the tablespace are deleted and vacuumed away in a promoted copy of the rehearsal. */
async function writesStayInCopy(live: Recoverable): Promise<void> {
  const look = await settleAndLook(live);
  const checks = ['delete from in_space', 'vacuum in_space', "select pg_relation_size('in_space') = 0 as is_empty"].map(
    (sql) => ({ name: sql, sql }),
  );
  const results = await rehearsed(live, await live.plan(LATEST), ({ context }) =>
    checkRehearsal(context, { checks, database: 'postgres', isWritable: true }),
  );
  assert.deepEqual(
    results.flatMap(({ problems }) => problems),
    [],
  );
  await assertUntouched(live, look);
}

/** The trap. */
export const tablespace: Trap = {
  name: 'CREATE and DROP TABLESPACE on the way',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    await accident(live);
    const space = join(live.root, 'space');
    await mkdir(space);
    await live.server.sql(`create tablespace space location '${space}'`);
    await live.server.sql('create table in_space tablespace space as select generate_series(1, 2000) as id');
    await archiveTail(live.uses);
    const files = await refusedThenBefore(live, space);
    await live.backUp();
    await writesStayInCopy(live);
    await live.server.sql('drop table in_space');
    await live.server.sql('drop tablespace space');
    await archiveTail(live.uses);
    await failureOf('refused', ['DROP TABLESPACE', '--exclusive'], () => live.plan(LATEST));
    return `refused with the position before it, which works; in the backup, a copy's writes stay in the copy; ${files} live files untouched`;
  },
};
