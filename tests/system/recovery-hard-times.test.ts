import { chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { recoveryText } from '../../src/cli/output/recovery-status-text.ts';
import { standingText } from '../../src/cli/output/recovery-text.ts';
import type { Screen } from '../../src/cli/output/screen.ts';
import { runningPostmaster } from '../../src/instance/postmaster.ts';
import { stopPrivateServer } from '../../src/instance/private-server.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { factsOf, stateOf } from '../../src/recovery/journal.ts';
import type { Plan } from '../../src/recovery/plan-value.ts';
import { checkRehearsal } from '../../src/recovery/check-rehearsal.ts';
import { gatherFacts } from '../../src/recovery/gather-facts.ts';
import { makePlan } from '../../src/recovery/plan.ts';
import { newRecoveryId, writePlan } from '../../src/recovery/plan-file.ts';
import { connect } from '../../src/instance/connection.ts';
import { cutOver, openRecovery, rehearse, undo } from '../../src/recovery/recover.ts';
import { openKept } from '../../src/recovery/open-kept.ts';
import { plannedLsn, type RecoveryContext } from '../../src/recovery/recovery-context.ts';
import { recoveryStatus } from '../../src/recovery/status.ts';
import { formatHistoryName } from '../../src/postgres/timeline-history.ts';
import { WAL_FOLDER } from '../../src/walg/object-names.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';

const PLAIN: Screen = {
  columns: 80,
  isTerminal: false,
  hasUnicode: true,
  zone: 'UTC',
  nowUs: () => BigInt(Date.now()) * 1000n,
  paint: (text) => text,
};

let live: Recoverable;
beforeEach(async () => {
  live = await startRecoverable({ major: 17 });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
});
afterEach(async () => live[Symbol.asyncDispose]());

async function count(): Promise<number> {
  const [row] = await live.server.sql<{ n: number }>('select count(*)::int as n from orders');
  return row?.n ?? -1;
}

async function planBeforeDisaster(): Promise<Plan> {
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  await archiveTail(live.uses);
  return live.plan({ kind: 'xid', xid: row?.xid ?? 0, inclusive: false });
}

async function working(plan: Plan, work: (context: RecoveryContext) => Promise<void>): Promise<void> {
  await using recovery = await openRecovery(live.uses, plan.id);
  await work(recovery.context);
}

/** Writes over the middle of a table's first page, as a failing disk does. */
async function damage(table: string): Promise<string> {
  await live.server.sql('checkpoint');
  const [row] = await live.server.sql<{ path: string }>(`select pg_relation_filepath('${table}') as path`);
  await using file = await open(join(live.server.dataDirectory, row?.path ?? ''), 'r+');
  await file.write(Buffer.alloc(64, 0xa5), 0, 64, 4096);
  return row?.path ?? '';
}

describe('a page that was damaged long ago', () => {
  it('does not keep a recovery or its undo from ending, and is in what they report', async () => {
    await live.server.sql('create table archived (i int); insert into archived select generate_series(1, 1000)');
    const path = await damage('archived');
    await live.backUp();
    const plan = await planBeforeDisaster();
    await working(plan, rehearse);
    await working(plan, async ({ journal }) => {
      // Known before the cutover: the server comes up, and fails when the page is read.
      expect(factsOf(journal.entries, 'restore')).toMatchObject({
        damagedFiles: expect.stringMatching(new RegExp(`^${path} \\(blocks 0, in base_`)),
      });
    });
    await working(plan, cutOver);
    await working(plan, undo);
    await working(plan, async ({ journal }) => {
      expect(stateOf(journal.entries)).toBe('undone');
      for (const step of ['backUp', 'undoBackUp'] as const) {
        expect(factsOf(journal.entries, step)).toMatchObject({ damagedPages: 1, damagedFiles: `/${path}` });
      }
    });
  });
});

describe('data of a host whose library orders text otherwise', () => {
  it('are told of by the rehearsal, before anything is swapped', async () => {
    // As a newer library finds it: the version that was written down is not its own.
    const [changed] = await live.server.sql<{ n: number }>(`
      with odd as (update pg_collation set collversion = '0.1' where collname = 'und-x-icu' returning 1)
      select count(*)::int as n from odd`);
    expect(changed?.n).toBe(1);
    const plan = await planBeforeDisaster();
    await working(plan, rehearse);
    await working(plan, async ({ journal }) => {
      const { otherCollations } = factsOf(journal.entries, 'replay') ?? {};
      expect(otherCollations).toMatch(/^collation "und-x-icu" \(0\.1, now [0-9.]+\)$/);
    });
    const status = await recoveryStatus(live.uses.cluster, plan.id);
    expect(standingText(status, [], 'postgres', PLAIN)).toMatch(/TEXT IS ORDERED OTHERWISE .*REINDEX/s);
  });
});

describe('a cutover', () => {
  it('that fails with the server stopped says that it is down, and undo starts it as it was', async () => {
    const plan = await planBeforeDisaster();
    await working(plan, rehearse);
    const reservations = join(live.archive, 'walkback_001', 'timelines');
    await mkdir(reservations, { recursive: true });
    await chmod(reservations, 0o500);
    await expect(working(plan, cutOver)).rejects.toMatchObject({
      message: expect.stringContaining('DOWN'),
      remedy: expect.stringMatching(new RegExp(`walkback recover run ${plan.id}\\n.*walkback undo ${plan.id}`)),
    });
    await expect(count()).rejects.toMatchObject({ code: 'ENOENT' });
    await working(plan, undo);
    expect(await count()).toBe(0);
    await chmod(reservations, 0o700);
  });

  it('does not stop the live server when the rehearsal cannot stand any more', async () => {
    const plan = await planBeforeDisaster();
    await working(plan, rehearse);
    const rehearsal = live.uses.cluster.placeOf(plan.id, 'rehearsal');
    await stopPrivateServer(rehearsal);
    const control = join(rehearsal, 'global', 'pg_control');
    await chmod(control, 0o000);
    await expect(working(plan, cutOver)).rejects.toMatchObject({ message: expect.not.stringContaining('DOWN') });
    expect(await count()).toBe(0);
    await chmod(control, 0o600);
    await working(plan, cutOver);
    expect(await count()).toBe(100);
  });

  it('starts a server again that was started since the plan', async () => {
    const before = await planBeforeDisaster();
    await live.server.stop();
    const plan = await live.plan({ kind: 'lsn', lsn: plannedLsn(before.target.lsn), inclusive: false });
    expect(plan.preconditions.liveState).toBe('stopped');
    await live.server.start();
    await working(plan, rehearse);
    const reservations = join(live.archive, 'walkback_001', 'timelines');
    await mkdir(reservations, { recursive: true });
    await chmod(reservations, 0o500);
    await expect(working(plan, cutOver)).rejects.toMatchObject({ message: expect.stringContaining('DOWN') });
    await chmod(reservations, 0o700);
    await working(plan, undo);
    expect(await count()).toBe(0);
  });
});

describe('a live server that has crashed and stays so', () => {
  it('is recovered, and undone with all that it had not archived', async () => {
    const before = await planBeforeDisaster();
    await live.server.sql('insert into orders values (500)');
    await live.server.stop('immediate');
    const plan = await live.plan({ kind: 'lsn', lsn: plannedLsn(before.target.lsn), inclusive: false });
    expect(plan.warnings.map(({ about }) => about)).toContain('liveState');
    await working(plan, rehearse);
    await working(plan, cutOver);
    expect(await count()).toBe(100);
    await working(plan, undo);
    expect(await live.server.sql('select id from orders')).toEqual([{ id: 500 }]);
  });
});

describe('a live server that does not archive', () => {
  it('is recovered and undone, without the backup that could not be taken', async () => {
    const plan = await planBeforeDisaster();
    await live.server.sql("alter system set archive_mode = 'off'");
    await live.server.stop();
    await live.server.start();
    await live.server.sql('insert into orders values (500)');
    await working(plan, rehearse);
    await working(plan, cutOver);
    expect(await count()).toBe(100);
    await working(plan, undo);
    await working(plan, async ({ journal }) => {
      expect(factsOf(journal.entries, 'archiveTail')).toMatchObject({ outcome: 'skipped', liveState: 'running' });
      expect(factsOf(journal.entries, 'backUp')).toEqual({ skipped: 'archive_mode is off' });
      expect(stateOf(journal.entries)).toBe('undone');
    });
    expect(await live.server.sql('select id from orders')).toEqual([{ id: 500 }]);
  });
});

describe('what is set for a role', () => {
  it('does not act on the sessions of a rehearsal', async () => {
    await live.server.sql(`alter role postgres set statement_timeout = '1ms';
      alter role postgres set default_transaction_read_only = on;
      alter role postgres set idle_session_timeout = '1ms';
      alter role postgres set session_preload_libraries = 'no_such_library'`);
    const { uses } = live;
    await using client = await connect({
      host: live.server.socketDirectory,
      port: live.server.port,
      user: 'postgres',
      database: 'postgres',
      parameters: {
        statement_timeout: 0,
        session_preload_libraries: '',
        default_transaction_read_only: 'off',
        idle_session_timeout: 0,
      },
    });
    const [row = {}] = await client.query('with gone as (delete from orders returning 1) select txid_current() as xid');
    await client.query('select pg_switch_wal(); select pg_sleep(1)');
    const id = await newRecoveryId(uses.cluster);
    const target = { kind: 'xid', xid: Number(row['xid']), inclusive: false } as const;
    const silent = { ...uses.cluster, state: async () => 'stopped' as const };
    const plan = makePlan(await gatherFacts({ ...uses, cluster: silent }, { id, target }));
    await writePlan(uses.cluster, plan);
    await using recovery = await openRecovery({ ...uses, cluster: silent }, id);
    await rehearse(recovery.context);
    const [result] = await checkRehearsal(recovery.context, {
      checks: [{ name: 'write', sql: 'create table made (i int); select count(*) = 100 from orders' }],
      database: 'postgres',
      isWritable: true,
    });
    expect(result).toMatchObject({ passed: true, problems: [] });
  });
});

/** Recovered; what is kept does not open until it is mended. */
async function recoveredFromClosedData(): Promise<{ plan: Plan; kept: string; mend: () => Promise<void> }> {
  const plan = await planBeforeDisaster();
  await working(plan, rehearse);
  await working(plan, cutOver);
  const kept = live.uses.cluster.placeOf(plan.id, 'kept');
  const version = join(kept, 'PG_VERSION');
  const was = await readFile(version);
  await writeFile(version, '9.6\n');
  return { plan, kept, mend: async () => writeFile(version, was) };
}

describe('an undo', () => {
  it('does not need the archiver of the line that it leaves', async () => {
    const plan = await planBeforeDisaster();
    await working(plan, rehearse);
    await working(plan, cutOver);
    await live.server.sql("alter system set archive_command = 'false'");
    await live.server.sql('select pg_reload_conf()');
    await live.server.sql('insert into orders values (777)');
    const uses = { ...live.uses, archiveTimeoutMs: 2000 };
    await using recovery = await openRecovery(uses, plan.id);
    await undo(recovery.context);
    const { entries } = recovery.context.journal;
    expect(factsOf(entries, 'undoArchiveTail')).toMatchObject({ outcome: 'late' });
    expect(Number(factsOf(entries, 'undoArchiveRest')?.['pushed'])).toBeGreaterThan(0);
    expect(await count()).toBe(0);
  });

  it('towards data that do not open is given up: the recovered data is up again; and it can be asked for once more', async () => {
    const { plan, mend } = await recoveredFromClosedData();
    await live.server.sql('insert into orders values (777)');
    const stays = expect.stringContaining(`walkback recover run ${plan.id}`);
    await expect(working(plan, undo)).rejects.toMatchObject({
      message: expect.stringContaining('DOWN'),
      remedy: stays,
    });
    const status = await recoveryStatus(live.uses.cluster, plan.id);
    expect(recoveryText(status, 'postgres', PLAIN)).toContain(`walkback recover run ${plan.id}`);
    await working(plan, cutOver);
    expect(await count()).toBe(101);
    expect((await recoveryStatus(live.uses.cluster, plan.id)).state).toBe('recovered');
    await mend();
    await working(plan, undo);
    expect(await count()).toBe(0);
  });

  it('whose data had opened unheard before it was given up is refused once the archive has got their number from somebody else', async () => {
    const { plan, kept, mend } = await recoveredFromClosedData();
    await expect(working(plan, undo)).rejects.toMatchObject({ message: expect.stringContaining('DOWN') });
    await mend();
    let opened = 0;
    await working(plan, async (context) => {
      opened = Number(factsOf(context.journal.entries, 'undoReserveTimeline')?.['timeline']);
      await openKept(context, opened);
      await cutOver(context);
    });
    expect(await runningPostmaster(kept)).toBeUndefined();
    const history = `${WAL_FOLDER}${formatHistoryName(opened)}`;
    await live.uses.store.put(history, Buffer.from('2\t0/3000000\tno recovery target specified\n'));
    await expect(working(plan, undo)).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining(`timeline ${opened}`),
      remedy: expect.stringContaining(`walkback recover run ${plan.id}`),
    });
    await working(plan, cutOver);
    expect(await count()).toBe(100);
  });

  it('that has begun to move data is only ever finished', async () => {
    const plan = await planBeforeDisaster();
    await working(plan, rehearse);
    await working(plan, cutOver);
    const uses = { ...live.uses, cluster: { ...live.uses.cluster, move: async () => Promise.reject(new Error('no')) } };
    await using recovery = await openRecovery(uses, plan.id);
    await expect(undo(recovery.context)).rejects.toThrow('no');
    const refused = { kind: 'refused', remedy: expect.stringContaining(`walkback undo ${plan.id}`) };
    await expect(cutOver(recovery.context)).rejects.toMatchObject(refused);
    await undo({ ...recovery.context, uses: live.uses });
    expect(await count()).toBe(0);
  });
});
