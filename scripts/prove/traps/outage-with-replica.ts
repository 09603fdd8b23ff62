/**
 * The store goes away while replicas are attached: a restore_command that ends above 125 would shut them down, also when
 * they could stream. First the archive's folder is not mounted, then a store refuses every connection.
 *
 * @module
 */

import assert from 'node:assert/strict';
import { appendFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

import { archiveTail } from '../../../src/recovery/archive-tail.ts';
import { until } from '../../../tests/support/archived-cluster.ts';
import type { TestServer } from '../../../tests/support/postgres.ts';
import { startRecoverable, type Recoverable } from '../../../tests/support/recoverable.ts';
import { accident, inTransaction } from './orders.ts';
import { replicaState, startReplica, untilItHas } from './replica.ts';
import { archiveOf, REFUSING_STORE, restoreCommand } from './restore-command.ts';
import { failureOf, type Trap } from './trap.ts';

const LATEST = { kind: 'latest' } as const;

/** Restarted, the first thing it does is ask the archive. */
async function streamsOn(live: Recoverable, replica: TestServer, id: number): Promise<void> {
  await replica.stop();
  await replica.start();
  await inTransaction(live, `insert into orders values (${id})`);
  await untilItHas(replica, id);
  await until('it streams', async () => (await replicaState(replica)).streams);
  assert.deepEqual(await replicaState(replica), { recovering: true, timeline: 1, streams: true });
}

/** The live server cannot archive either meanwhile, and nothing may be lost by that. */
async function whileUnmounted(live: Recoverable, work: () => Promise<void>): Promise<void> {
  await rename(live.archive, `${live.archive}.away`);
  try {
    await work();
    await failureOf('unavailable', [/mount/i], () => live.plan(LATEST));
  } finally {
    await rename(`${live.archive}.away`, live.archive);
  }
}

/** The trap. */
export const outageWithReplica: Trap = {
  name: 'a store outage with replicas attached',
  spring: async (major) => {
    await using live = await startRecoverable({ major });
    await accident(live);
    const command = await restoreCommand(live, archiveOf(live));
    await using streaming = await startReplica(live, { name: 'streaming', isStreaming: true, restoreCommand: command });
    await using following = await startReplica(live, {
      name: 'following',
      isStreaming: false,
      restoreCommand: command,
    });
    await whileUnmounted(live, async () => {
      await streamsOn(live, streaming, 301);
      await following.stop();
      await following.start();
      assert.equal((await replicaState(following)).recovering, true, 'the one without a stream is down');
    });
    await archiveTail(live.uses);
    await untilItHas(following, 301);
    const refusing = await restoreCommand(live, REFUSING_STORE);
    await appendFile(join(streaming.dataDirectory, 'postgresql.auto.conf'), `restore_command = ${refusing}\n`);
    await streamsOn(live, streaming, 302);
    await archiveTail(live.uses);
    const plan = await live.plan(LATEST);
    assert.equal(plan.target.timeline, 1, 'the archive has no hole');
    return 'restarted in the outage they stay up; one streams on, the other catches up when the store is back';
  },
};
