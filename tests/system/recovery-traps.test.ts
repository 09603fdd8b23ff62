import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { stopPrivateServer } from '../../src/instance/private-server.ts';
import { runProgram } from '../../src/instance/run-program.ts';
import { parseLsn } from '../../src/postgres/lsn.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { checkRehearsal } from '../../src/recovery/check-rehearsal.ts';
import { stateOf } from '../../src/recovery/journal.ts';
import type { Plan } from '../../src/recovery/plan-value.ts';
import { cutOver, discard, openRecovery, rehearse, undo } from '../../src/recovery/recover.ts';
import type { RecoveryContext } from '../../src/recovery/recovery-context.ts';
import { stepOn } from '../../src/recovery/step-on.ts';
import { archivedTimelines } from '../../src/recovery/timeline-numbers.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

let live: Recoverable;
beforeEach(async () => {
  live = await startRecoverable({ major: 17 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
});
afterEach(async () => live[Symbol.asyncDispose]());

async function xidOf(sql: string): Promise<number> {
  const client = await live.server.connect();
  try {
    await client.query('begin');
    await client.query(sql);
    const { rows } = await client.query<{ xid: number }>('select txid_current()::int as xid');
    await client.query('commit');
    return rows[0]?.xid ?? 0;
  } finally {
    await client.end();
  }
}

async function count(): Promise<number> {
  const [row] = await live.server.sql<{ n: number }>('select count(*)::int as n from orders');
  return row?.n ?? -1;
}

/** What was asked of the live server's checkpointer until it was told to stop, by some work. */
async function checkpointsBeforeStop(work: () => Promise<void>): Promise<string[]> {
  const path = join(live.root, 'live', 'server.log');
  const before = (await readFile(path, 'utf8')).length;
  await work();
  const [untilStop = ''] = (await readFile(path, 'utf8')).slice(before).split('received fast shutdown request', 1);
  return [...untilStop.matchAll(/checkpoint starting: (.*)/g)].map(([, asked = '']) => asked);
}

async function planBefore(xid: number): Promise<Plan> {
  await archiveTail(live.uses);
  return live.plan({ kind: 'xid', xid, inclusive: false });
}

async function working(plan: Plan, work: (context: RecoveryContext) => Promise<void>): Promise<void> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await work(recovery.context);
}

describe('a rehearsal', () => {
  it('leaves the archive as it was, and its directory ends at once when it is started bare', async () => {
    const plan = await planBefore(await xidOf('delete from orders'));
    const before = (await readdir(join(live.archive, 'wal_005'))).toSorted();
    await working(plan, rehearse);
    await working(plan, async (context) => {
      const [result] = await checkRehearsal(context, {
        checks: [{ name: 'write', sql: 'delete from orders where id <= 50; select count(*) = 50 from orders' }],
        database: 'postgres',
        isWritable: true,
      });
      expect(result).toMatchObject({ passed: true });
    });
    const histories = (await readdir(join(live.archive, 'wal_005'))).filter((name) => name.includes('.history'));
    expect(histories).toEqual([]);
    expect((await readdir(join(live.archive, 'wal_005'))).toSorted()).toEqual(expect.arrayContaining(before));
    const directory = live.uses.cluster.placeOf(plan.id, 'rehearsal');
    await stopPrivateServer(directory);
    const bare = await runProgram([join(live.server.bin, 'postgres'), '-D', directory, '-c', 'port=5999'], {
      timeoutMs: 30_000,
    });
    expect(bare.code).not.toBe(0);
    expect(bare.output).toContain('walkback');
    await working(plan, discard);
    expect(await count()).toBe(0);
  });

  it('names the lock of the target itself when a check would wait for ever', async () => {
    const plan = await planBefore(await xidOf('truncate orders'));
    await working(plan, async (context) => {
      await rehearse(context);
      const [result] = await checkRehearsal(context, {
        checks: [{ name: 'rows', sql: 'select count(*) = 100 from orders' }],
        database: 'postgres',
        isWritable: false,
      });
      expect(result?.passed).toBe(false);
      expect(result?.problems.join(' ')).toContain("locked by the target's own transaction");
    });
  });

  it('does nothing of what the live server is set to do', async () => {
    await live.server.sql("alter system set synchronous_standby_names = 'nobody'");
    await live.server.sql("alter system set recovery_target_time = '2000-01-01'").catch(() => {});
    await live.server.sql("alter system set archive_cleanup_command = 'touch /tmp/walkback-trap-%r'");
    const xid = await xidOf('delete from orders');
    await live.server.sql('select pg_reload_conf()');
    const plan = await planBefore(xid);
    expect(plan.warnings.map(({ about }) => about)).toContain('synchronous');
    await working(plan, async (context) => {
      await rehearse(context);
      const [result] = await checkRehearsal(context, {
        checks: [{ name: 'write', sql: 'insert into orders values (-1); select true' }],
        database: 'postgres',
        isWritable: true,
      });
      expect(result).toMatchObject({ passed: true, problems: [] });
    });
  });

  it('over CREATE TABLESPACE is refused before anything is touched', async () => {
    const location = join(live.root, 'elsewhere');
    await mkdir(location);
    await live.server.sql(`create tablespace elsewhere location '${location}'`);
    const xid = await xidOf('delete from orders');
    await archiveTail(live.uses);
    await expect(live.plan({ kind: 'xid', xid, inclusive: false })).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('CREATE TABLESPACE'),
      remedy: expect.stringContaining('--to-lsn'),
    });
  });

  it('starts from an earlier backup where a snapshot with many subtransactions keeps the newer one from pausing', async () => {
    const client = await live.server.connect();
    await client.query('create table many (i int)');
    await client.query('begin');
    for (let i = 0; i < 80; i += 1) await client.query(`savepoint s${i}; insert into many values (${i})`);
    const newer = await live.backUp();
    const xid = await xidOf('delete from orders');
    const plan = await planBefore(xid);
    await client.query('commit');
    await client.end();
    expect(plan.backup.name).not.toBe(newer);
    await working(plan, rehearse);
  });
});

describe('a cutover', () => {
  it('is refused, the live server untouched, when a history file has appeared since the plan', async () => {
    const plan = await planBefore(await xidOf('delete from orders'));
    await working(plan, rehearse);
    await writeFile(join(live.archive, 'wal_005', '00000002.history'), '1\t0/900000\tno recovery target specified\n');
    await expect(working(plan, cutOver)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('timeline 2 has appeared'),
    });
    expect(await count()).toBe(0);
  });

  it('is refused when the server has been promoted or exchanged since the plan', async () => {
    const plan = await planBefore(await xidOf('delete from orders'));
    const path = join(live.uses.cluster.recoveryFolder(plan.id), 'plan.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"liveTimeline":1', '"liveTimeline":7'));
    await expect(openRecovery(live.uses, plan.id)).rejects.toMatchObject({ kind: 'corrupt' });
  });

  it('and its undo write the changed pages before the server is told to stop', async () => {
    const plan = await planBefore(await xidOf('delete from orders'));
    await working(plan, rehearse);
    const asked = [expect.stringContaining('force wait')];
    expect(await checkpointsBeforeStop(() => working(plan, cutOver))).toEqual(asked);
    expect(await checkpointsBeforeStop(() => working(plan, undo))).toEqual(asked);
  });

  it('takes another number when one is reserved, and undo goes above both', async () => {
    await live.uses.store.put('walkback_001/timelines/00000002', Buffer.from('beef'));
    const plan = await planBefore(await xidOf('delete from orders'));
    await working(plan, rehearse);
    await working(plan, cutOver);
    expect(await archivedTimelines(live.uses.store)).toEqual([3]);
    await working(plan, undo);
    await archiveTail(live.uses);
    expect(await archivedTimelines(live.uses.store)).toEqual([3, 4]);
    expect(await count()).toBe(0);
  });
});

describe('after a recovery', () => {
  it('the line that was left, and an earlier moment of the new one, can both be recovered to', async () => {
    const xid = await xidOf('delete from orders');
    await live.server.sql('insert into orders values (500)');
    const later = await xidOf('insert into orders values (501)');
    const first = await planBefore(xid);
    await working(first, rehearse);
    await working(first, cutOver);
    expect(await count()).toBe(100);
    const newLine = await xidOf('insert into orders values (600)');
    await archiveTail(live.uses);
    const abandoned = await live.plan({ kind: 'xid', xid: later, inclusive: true }, 1);
    expect(abandoned.target.timeline).toBe(1);
    await working(abandoned, rehearse);
    await working(abandoned, cutOver);
    expect(await count()).toBe(2);
    await archiveTail(live.uses);
    const back = await live.plan({ kind: 'xid', xid: newLine, inclusive: false }, 2);
    expect(back.replay.line.map(({ timeline }) => timeline)).toContain(2);
    await working(back, rehearse);
    await working(back, cutOver);
    expect(await count()).toBe(100);
  });

  it('a rehearsal of a moment before the fork is never stepped on to the transactions that were left behind it', async () => {
    const early = await xidOf('insert into orders values (400)');
    const first = await xidOf('delete from orders');
    const left = await xidOf('insert into orders values (500)');
    const plan = await planBefore(first);
    await working(plan, rehearse);
    await working(plan, cutOver);
    // Numbers are given again behind a fork: this one has two transactions from here on.
    while ((await xidOf('insert into orders select max(id) + 1 from orders')) < left);
    await working(await planBefore(early), async (context) => {
      expect(context.plan.target).toMatchObject({ timeline: 1, lineTimeline: 2 });
      await rehearse(context);
      await expect(stepOn(context, { kind: 'xid', xid: left, inclusive: true })).rejects.toMatchObject({
        kind: 'refused',
        message: expect.stringContaining('only goes forward on timeline 1'),
      });
      const stepped = await stepOn(context, { kind: 'xid', xid: early, inclusive: true });
      expect(stepped.target).toMatchObject({ timeline: 1, lineTimeline: 2, lastKept: { xid: early } });
    });
  });

  it('an undone cluster is what the latest timeline means', async () => {
    const plan = await planBefore(await xidOf('delete from orders'));
    await working(plan, rehearse);
    await working(plan, cutOver);
    await working(plan, undo);
    await live.server.sql('insert into orders values (7)');
    await archiveTail(live.uses);
    const latest = await live.plan({ kind: 'latest' });
    expect(latest.target.timeline).toBe(3);
    await working(latest, async (context) => {
      await rehearse(context);
      expect(stateOf(context.journal.entries)).toBe('standing');
    });
    expect(parseLsn(latest.target.lsn)).toBeDefined();
  });
});
