import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { runningPostmaster } from '../../src/instance/postmaster.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { factsOf, stateOf } from '../../src/recovery/journal.ts';
import type { Plan } from '../../src/recovery/plan-value.ts';
import { cutOver, openRecovery, rehearse, undo } from '../../src/recovery/recover.ts';
import type { RecoveryContext } from '../../src/recovery/recovery-context.ts';
import type { StepName } from '../../src/recovery/step-names.ts';
import { WAL_FOLDER } from '../../src/walg/object-names.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

let live: Recoverable;
let xid = 0;
beforeEach(async () => {
  live = await startRecoverable({ major: 17 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  xid = row?.xid ?? 0;
  await archiveTail(live.uses);
});
afterEach(async () => live[Symbol.asyncDispose]());

const ids = async () =>
  (await live.server.sql<{ id: number }>('select id from orders order by id')).map(({ id }) => id);
const HUNDRED = Array.from({ length: 100 }, (_, index) => index + 1);

async function standing(): Promise<Plan> {
  const plan = await live.plan({ kind: 'xid', xid, inclusive: false });
  await working(plan, rehearse);
  return plan;
}

async function working(plan: Plan, work: (context: RecoveryContext) => Promise<void>): Promise<void> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await work(recovery.context);
}

type Work = (context: RecoveryContext, signal: AbortSignal) => Promise<void>;

/** Ctrl-C while a step is at work: the run ends behind it. */
async function stopBehind(plan: Plan, last: StepName, work: Work): Promise<void> {
  const stop = new AbortController();
  await using recovery = await openRecovery(live.uses, plan.id, (entry) => {
    if (entry.event === 'done' && entry.step === last) stop.abort();
  });
  await expect(work(recovery.context, stop.signal)).rejects.toThrow('aborted');
}

/** As a machine does that comes up again, and its clients. */
async function startAndWrite(id: number): Promise<void> {
  await live.server.start();
  await live.server.sql(`insert into orders values (${id})`);
}

describe('a cutover that has stopped half done', () => {
  it.each<StepName>(['archiveRest', 'configure'])(
    'behind %s stops a server that was started since, and keeps what was written there',
    async (last) => {
      const plan = await standing();
      await stopBehind(plan, last, cutOver);
      await startAndWrite(500);
      await working(plan, cutOver);
      expect(await ids()).toEqual(HUNDRED);
      expect(await runningPostmaster(live.uses.cluster.placeOf(plan.id, 'kept'))).toBeUndefined();
      await working(plan, async ({ journal }) => {
        expect(factsOf(journal.entries, 'setLiveAside')).toEqual({ foundAgain: 'running' });
      });
      await working(plan, undo);
      expect(await ids()).toEqual([500]);
    },
  );

  it('starts a server that has crashed since first, so that nothing of it is on this host alone', async () => {
    const plan = await standing();
    await stopBehind(plan, 'configure', cutOver);
    await startAndWrite(500);
    await live.server.sql("alter system set work_mem = '7MB'");
    await live.server.stop('immediate');
    await working(plan, cutOver);
    expect(await live.server.sql('show work_mem')).toEqual([{ work_mem: '7MB' }]);
    await archiveTail(live.uses);
    const abandoned = await live.plan({ kind: 'latest' }, 1);
    expect(abandoned.target.lastKept?.did?.tables).toMatchObject([{ name: 'orders', inserted: 1 }]);
  });

  it('is refused once another history has begun, and can be taken back', async () => {
    const plan = await standing();
    await stopBehind(plan, 'configure', cutOver);
    await startAndWrite(500);
    await live.uses.store.put(
      `${WAL_FOLDER}00000002.history`,
      Buffer.from('1\t0/900000\tno recovery target specified\n'),
    );
    await expect(working(plan, cutOver)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('timeline 2 has appeared'),
      remedy: expect.stringContaining(`walkback undo ${plan.id}`),
    });
    await working(plan, undo);
    expect(await ids()).toEqual([500]);
  });

  it('keeps another recovery of the same cluster from its own', async () => {
    const [plan, other] = [await standing(), await standing()];
    await stopBehind(plan, 'archiveRest', cutOver);
    await live.server.start();
    await expect(working(other, cutOver)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(`recovery ${plan.id} of the same cluster is half done`),
      remedy: expect.stringContaining(`walkback recover status ${plan.id}`),
    });
    await working(plan, undo);
    await working(other, cutOver);
    expect(await ids()).toEqual(HUNDRED);
  });
});

describe('an undo that has stopped half done', () => {
  it.each(['fast', 'immediate'] as const)(
    'stops a server that was started since, and archives what was written there (stopped %s)',
    async (how) => {
      const plan = await standing();
      await working(plan, cutOver);
      await stopBehind(plan, 'undoStopKept', undo);
      await startAndWrite(600);
      if (how === 'immediate') await live.server.stop(how);
      await working(plan, async (context) => {
        await undo(context);
        expect(stateOf(context.journal.entries)).toBe('undone');
      });
      expect(await ids()).toEqual([]);
      expect(await runningPostmaster(live.uses.cluster.placeOf(plan.id, 'replaced'))).toBeUndefined();
      const left = await live.plan({ kind: 'latest' }, 2);
      expect(left.target.lastKept?.did?.tables).toMatchObject([{ name: 'orders', inserted: 1 }]);
    },
  );
});
