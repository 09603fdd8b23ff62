/**
 * Live replicas restarted while a rehearsal stands, and while a copy of it is promoted: a new timeline in the archive would
 * make them switch to it, and end.
 *
 * @module
 */

import assert from 'node:assert/strict';

import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import { withWritableCopy } from '../../../src/recovery/writable-copy.ts';
import { until } from '../../../tests/support/archived-cluster.ts';
import type { TestServer } from '../../../tests/support/postgres.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { accident, before, inTransaction, timelineOf } from './orders.ts';
import { replicaState, startReplica, untilItHas } from './replica.ts';
import { rehearsed } from './standing.ts';
import type { Trap } from './trap.ts';

interface Replicas {
  readonly streaming: TestServer;
  readonly following: TestServer;
}

/** Both, restarted, get a row that was committed since. */
async function goOn(live: Recoverable, { streaming, following }: Replicas, id: number): Promise<void> {
  for (const replica of [streaming, following]) {
    await replica.stop();
    await replica.start();
  }
  await inTransaction(live, `insert into orders values (${id})`);
  await archiveTail(live.uses);
  await untilItHas(streaming, id);
  await untilItHas(following, id);
  await until('it streams', async () => (await replicaState(streaming)).streams);
  assert.deepEqual(await replicaState(streaming), { recovering: true, timeline: 1, streams: true });
  assert.deepEqual(await replicaState(following), { recovering: true, timeline: 1, streams: false });
}

/** The trap. */
export const replicaRestart: Trap = {
  name: 'live replicas restarted during a rehearsal',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    const xid = await accident(live);
    await using streaming = await startReplica(live, { name: 'streaming', isStreaming: true });
    await using following = await startReplica(live, { name: 'following', isStreaming: false });
    const replicas = { streaming, following };
    const plan = await live.plan(before(xid));
    assert.ok(
      plan.warnings.some(({ about, names }) => about === 'replicas' && names.join().includes('streaming')),
      'the plan does not warn of the replica',
    );
    await rehearsed(live, plan, async ({ context }) => {
      await goOn(live, replicas, 301);
      await withWritableCopy(context, () => goOn(live, replicas, 302));
    });
    await goOn(live, replicas, 303);
    assert.equal(await timelineOf(live), 1);
    return 'one that streams and one that follows the archive went on, on timeline 1, also beside a promoted copy';
  },
};
