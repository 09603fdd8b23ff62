/**
 * A transaction with more than 64 open subtransactions when the backup was taken: a server that replays from there can
 * answer no queries before that transaction ends, and a pause at a target silently becomes a promotion.
 *
 * @module
 */

import assert from 'node:assert/strict';

import type pg from 'pg';

import { findMoment } from '../../../src/history/find-moment.ts';
import { listArchivedWal } from '../../../src/history/archived-wal.ts';
import { readTimelines } from '../../../src/history/timelines.ts';
import { listBackups } from '../../../src/backup/list.ts';
import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import { gatherFacts } from '../../../src/recovery/gather-facts.ts';
import { makePlan } from '../../../src/recovery/plan.ts';
import { newRecoveryId, writePlan } from '../../../src/recovery/plan-file.ts';
import type { Plan } from '../../../src/recovery/plan-value.ts';
import { discard, openRecovery, rehearse } from '../../../src/recovery/recover.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { forgetBackup } from './forget-backup.ts';
import { assertUntouched, settleAndLook } from './live-bytes.ts';
import { accident, before, GOOD, inTransaction } from './orders.ts';
import { askOne, rehearsed } from './standing.ts';
import { failureOf, type Trap } from './trap.ts';

const SUBTRANSACTIONS = 70;

/** Leaves the transaction open. */
async function open(live: Recoverable): Promise<pg.Client> {
  const client = await live.server.connect();
  await client.query('create table big (id int)');
  await client.query('begin');
  for (let id = 1; id <= SUBTRANSACTIONS; id += 1) {
    await client.query(`savepoint s${id}`);
    await client.query(`insert into big values (${id})`);
  }
  return client;
}

/** The plan that the guard keeps from being made: from the newest backup, whatever is open in it. */
async function unguardedPlan(live: Recoverable, xid: number, backupName: string): Promise<Plan> {
  const { uses } = live;
  const id = await newRecoveryId(uses.cluster);
  const wal = await listArchivedWal(uses.store);
  const timelines = await readTimelines(uses.store, wal);
  const backups = (await listBackups(uses.store)).filter(({ name }) => name === backupName);
  const facts = await gatherFacts(uses, { id, target: before(xid) });
  const found = await findMoment({ ...uses, wal, timelines, line: timelines.lineOf(1), backups, target: before(xid) });
  const plan = makePlan({ ...facts, found, passedOver: [] });
  await writePlan(uses.cluster, plan);
  return plan;
}

/** The second guard: what the rehearsal itself says of its pause. */
async function refusesToHaveOpened(live: Recoverable, plan: Plan): Promise<void> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await failureOf('refused', ['has opened instead', `--discard ${plan.id}`], () => rehearse(recovery.context));
  await discard(recovery.context);
}

/** The trap. */
export const subtransactions: Trap = {
  name: 'over 64 open subtransactions at the pause',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const [earlier = ''] = (await listBackups(live.uses.store)).map(({ name }) => name);
    const client = await open(live);
    try {
      const newest = await live.backUp();
      const xid = await accident(live);
      await inTransaction(live, 'create table later (id int)');
      await archiveTail(live.uses);
      const plan = await live.plan(before(xid));
      assert.equal(plan.backup.name, earlier, 'the plan begins at the newest backup');
      assert.ok(plan.proven.some((line) => line.includes(`not from ${newest}`)));
      const unguarded = await unguardedPlan(live, xid, newest);
      const look = await settleAndLook(live);
      const orders = await rehearsed(live, plan, ({ server }) => askOne(server, 'select count(*) from orders'));
      assert.equal(orders, String(GOOD));
      await refusesToHaveOpened(live, unguarded);
      const files = await assertUntouched(live, look);
      await forgetBackup(live, earlier);
      await failureOf('refused', ['64 subtransactions', 'behind the end of that transaction'], () =>
        live.plan(before(xid)),
      );
      return `begun from the backup before; refused where there is none; a rehearsal that opened instead is refused; ${files} live files untouched`;
    } finally {
      await client.end();
    }
  },
};
