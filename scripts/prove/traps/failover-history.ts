/**
 * A failover's history file that appears in the archive after the plan: what was proven is of a line that may have been
 * left. Before the cutover, and in the middle of it, with the live server stopped already.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';

import { stateOf } from '../../../src/recovery/journal.ts';
import type { Plan } from '../../../src/recovery/plan-value.ts';
import { cutOver, openRecovery, rehearse, undo } from '../../../src/recovery/recover.ts';
import { exists } from '../../../src/archive/server.ts';
import { settingText, until } from '../../../tests/support/archived-cluster.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { assertUntouched, settleAndLook } from './live-bytes.ts';
import { accident, before, GOOD, LATER, ordersOf, timelineOf } from './orders.ts';
import { startReplica } from './replica.ts';
import { recovered, undone } from './standing.ts';
import { failureOf, type Trap } from './trap.ts';

const historyIn = (live: Recoverable, timeline: number): string =>
  join(live.archive, 'wal_005', `0000000${timeline}.history`);

/** A replica is promoted, and archives its new timeline where the live server archives. */
async function failOver(live: Recoverable): Promise<void> {
  const wal = join(live.archive, 'wal_005');
  const settings = { archive_mode: 'on', archive_command: settingText(`test ! -f ${wal}/%f && cp %p ${wal}/%f`) };
  await using replica = await startReplica(live, { name: 'promoted', isStreaming: true, settings });
  await until('it streams', async () => (await replica.sql('select from pg_stat_wal_receiver')).length === 1);
  await replica.sql('select pg_promote()');
  await until('its history is archived', async () => exists(historyIn(live, 2)));
}

/** Refused before anything is done; the rehearsal still stands. */
async function beforeCutover(live: Recoverable, plan: Plan): Promise<number> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await rehearse(recovery.context);
  await failOver(live);
  const look = await settleAndLook(live);
  await failureOf('refused', ['timeline 2 has appeared', 'walkback recover plan'], () => cutOver(recovery.context));
  assert.equal(stateOf(recovery.context.journal.entries), 'standing');
  return await assertUntouched(live, look);
}

/** Refused before the rehearsal is promoted; taken back, the live server runs as before. */
async function inCutover(live: Recoverable, plan: Plan): Promise<void> {
  await using recovery = await openRecovery(live.uses, plan.id, (entry) => {
    const isStopped = entry.event === 'done' && entry.step === 'stopLive';
    if (isStopped) copyFileSync(historyIn(live, 2), historyIn(live, 3));
  });
  await rehearse(recovery.context);
  await failureOf('refused', ['timeline 3 has appeared'], () => cutOver(recovery.context));
  await undo(recovery.context);
  assert.equal(stateOf(recovery.context.journal.entries), 'undone');
  assert.equal(await ordersOf(live), LATER);
  assert.equal(await timelineOf(live), 1);
}

/** The trap. */
export const failoverHistory: Trap = {
  name: "a failover's history file before the cutover",
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const xid = await accident(live);
    const files = await beforeCutover(live, await live.plan(before(xid)));
    await inCutover(live, await live.plan(before(xid)));
    const plan = await live.plan(before(xid));
    await recovered(live, plan);
    assert.equal(await ordersOf(live), GOOD);
    assert.equal(await timelineOf(live), 4, 'numbers of other lines are not used again');
    await undone(live, plan);
    assert.equal(await ordersOf(live), LATER);
    return `refused with ${files} live files untouched; in the middle, refused and taken back; a new plan works, on timeline 4`;
  },
};
