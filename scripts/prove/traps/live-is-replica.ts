/**
 * A cutover on the host of a replica: its primary would go on beside the recovered cluster, and the new timeline in their
 * archive would take the other replicas away from it. A rehearsal there harms nobody.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { cutOver, discard, openRecovery, rehearse } from '../../../src/recovery/recover.ts';
import { makeNewPlan } from '../../../src/recovery/new-plan.ts';
import { rehearsalServer } from '../../../src/recovery/recovery-context.ts';
import { until } from '../../../tests/support/archived-cluster.ts';
import { startRecoverable, usesOf } from '../../../tests/support/recoverable.ts';
import { assertUntouched, settleAndLook } from './live-bytes.ts';
import { accident, before, GOOD, inTransaction } from './orders.ts';
import { replicaState, startReplica, untilItHas } from './replica.ts';
import { askOne } from './standing.ts';
import { failureOf, type Trap } from './trap.ts';

/** The trap. */
export const liveIsReplica: Trap = {
  name: 'a cutover where the live server is a replica',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const xid = await accident(live);
    await using replica = await startReplica(live, { name: 'second/live', isStreaming: true });
    await symlink(live.archive, join(live.root, 'second/archive'));
    await until('it streams', async () => (await replicaState(replica)).streams);
    const uses = await usesOf(join(live.root, 'second'), major);
    const plan = await makeNewPlan(uses, before(xid));
    const look = await settleAndLook(live);
    {
      await using recovery = await openRecovery(uses, plan.id);
      const { context } = recovery;
      await rehearse(context);
      const orders = await askOne(rehearsalServer(context, 'exit 199'), 'select count(*) from orders');
      assert.equal(orders, String(GOOD));
      await failureOf('refused', ['is a replica', 'on the host of its primary'], () => cutOver(context));
      await discard(context);
    }
    const files = await assertUntouched(live, look);
    await inTransaction(live, 'insert into orders values (301)');
    await untilItHas(replica, 301);
    assert.deepEqual(await replicaState(replica), { recovering: true, timeline: 1, streams: true });
    return `the rehearsal works, the cutover is refused; ${files} files of the primary untouched, the replica goes on`;
  },
};
