import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { stopPrivateServer } from '../../src/instance/private-server.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { serverAt } from '../support/postgres.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { runWalkback, startWalkback, type Ended } from '../support/walkback-process.ts';

let live: Recoverable;
let xid = 0;
/** Of the database: the orders are there, and not deleted yet. */
let timeWithOrders = '';
let root: string;

beforeAll(async () => {
  live = await startRecoverable({ major: 17 });
  await live.server.sql('create role boss superuser login');
  await live.backUp();
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [now] = await live.server.sql<{ time: string }>(
    `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as time`,
  );
  timeWithOrders = now?.time ?? '';
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  xid = row?.xid ?? 0;
  await live.server.sql('insert into orders values (201)');
  await archiveTail(live.uses);
});
afterAll(async () => live[Symbol.asyncDispose]());

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'walkback-clone-'));
  await mkdir(join(root, 'new-env'));
  await writeFile(join(root, 'new-env', 'WALG_FILE_PREFIX'), join(root, 'new-archive'));
  await mkdir(join(root, 'new-archive'));
});
afterEach(async () => {
  await stopPrivateServer(join(root, 'pg/data.walkback/clone/data'), 'immediate');
  await rm(root, { recursive: true, force: true });
});

const environment = () => ({ WALG_FILE_PREFIX: live.archive });
const data = () => join(root, 'pg/data');
const argsFor = (target: readonly string[]) => [
  'bootstrap',
  'clone',
  '--scope=shop',
  `--datadir=${data()}`,
  `--bin=${live.server.bin}`,
  `--archive-env-dir=${join(root, 'new-env')}`,
  ...target,
];
const clone = (...target: string[]): Promise<Ended> => runWalkback(argsFor(target), environment());
const folder = (): string => join(root, 'pg/data.walkback/clone');

/** A clone that was killed, with its server, as soon as it began to replay. */
async function killWhileItReplays(...target: string[]): Promise<void> {
  const first = startWalkback(argsFor(target), environment());
  const began = async () =>
    (await readFile(join(folder(), 'journal.jsonl'), 'utf8').catch(() => '')).includes('"replay"');
  await expect.poll(began, { timeout: 60_000, interval: 10 }).toBe(true);
  first.kill('SIGKILL');
  await stopPrivateServer(join(folder(), 'data'), 'immediate');
}

/** The cluster has archived the history of its timeline. */
async function archiveHistory(): Promise<void> {
  const archived = join(root, 'new-archive/wal_005');
  await mkdir(archived, { recursive: true });
  await writeFile(join(archived, '00000002.history'), await readFile(join(data(), 'pg_wal/00000002.history')));
}

/** The rows of the cluster that was put in place. @param work what it does before they are counted. */
async function rowsOfClone(work: string = '', archiveCommand = ''): Promise<number> {
  await using server = serverAt(join(root, 'pg'), 17);
  await mkdir(join(root, 'pg/sock'), { recursive: true });
  await writeFile(
    join(data(), 'postgresql.auto.conf'),
    `unix_socket_directories = '${join(root, 'pg/sock')}'\nlisten_addresses = ''\narchive_command = '${archiveCommand}'\n`,
  );
  await server.start();
  for (const statement of work.split(';')) if (statement !== '') await server.sql(statement);
  const [row] = await server.sql<{ n: number }>('select count(*)::int as n from orders');
  await server.stop();
  return row?.n ?? -1;
}

describe('a clone bootstrap', () => {
  it('plans without changing anything, then makes the cluster at the target and proves it', async () => {
    const plan = await clone('--before-xid', String(xid), '--dry-run');
    expect(plan.err).not.toContain('cannot');
    expect(plan.out).toMatch(/\d segments? from the backup to the target present/);
    expect(await stat(data()).catch(() => undefined)).toBeUndefined();
    // As an entrypoint leaves it: there, and empty.
    await mkdir(data(), { recursive: true, mode: 0o700 });
    const done = await clone('--before-xid', String(xid));
    expect(done.err).toContain('replay: done');
    expect(done.code).toBe(0);
    expect(done.out).toMatch(/00000002\.history says "before LSN [0-9A-F/]+"/);
    expect(await readdir(data())).not.toContain('recovery.signal');
    expect(JSON.parse(await readFile(join(data(), 'walkback_clone.json'), 'utf8'))).toMatchObject({ timeline: 2 });
    expect(await readFile(join(data(), 'postgresql.auto.conf'), 'utf8')).not.toContain('restore_command');
    expect(await rowsOfClone()).toBe(100);
    // Nothing new is in the archive that was cloned; the new one knows of the number.
    expect(await readdir(join(live.archive, 'walkback_001')).catch(() => [])).not.toContain('timelines');
    expect(await readdir(join(root, 'new-archive/walkback_001/timelines'))).toEqual(['00000002']);
  });

  it('goes to the end of the archive without a target, by the superuser of the new cluster', async () => {
    await writeFile(join(root, 'new-env', 'PGUSER'), 'boss');
    const done = await clone();
    expect(done.code).toBe(0);
    expect(await rowsOfClone()).toBe(1);
  });

  it('refuses a target that cannot be reached, a second cluster, and a foreign archive, and leaves nothing behind', async () => {
    const early = await clone('--to-time', '2001-01-01T00:00:00Z');
    expect(early.code).not.toBe(0);
    expect(early.err).toContain('before the first base backup');
    expect(early.err).toContain('CLONE_TARGET_TIME');
    const late = await clone('--to-time', new Date(Date.now() - 1).toISOString());
    expect(late.err).toContain('after the last commit');
    const future = await clone('--to-time', '2099-01-01T00:00:00Z');
    expect(future.err).toContain('in the future');
    expect(await stat(data()).catch(() => undefined)).toBeUndefined();
    await mkdir(data(), { recursive: true });
    await writeFile(join(data(), 'PG_VERSION'), '17\n');
    const full = await clone('--before-xid', String(xid));
    expect(full.err).toContain('is not empty');
    expect(await readdir(data())).toEqual(['PG_VERSION']);
  });

  it('goes on towards the same target after it was killed with its server while it replayed, in the same folder', async () => {
    await killWhileItReplays('--before-xid', String(xid));
    expect(await stat(data()).catch(() => undefined)).toBeUndefined();
    const next = await clone('--before-xid', String(xid));
    expect(next.err).toContain('going on with clone');
    expect(next.code).toBe(0);
    expect(await rowsOfClone()).toBe(100);
  });

  it('begins anew when another target is asked for, and keeps one attempt', async () => {
    await killWhileItReplays('--to-latest');
    const next = await clone('--before-xid', String(xid));
    expect(next.err).toContain('something else is asked for now');
    expect(next.code).toBe(0);
    expect(await readdir(join(root, 'pg/data.walkback'))).toEqual(['clone']);
    expect(await readdir(folder())).not.toContain('data');
    expect(await rowsOfClone()).toBe(100);
  });

  it('is not made again once the cluster has lived, unless it is told so', async () => {
    expect((await clone('--before-xid', String(xid))).code).toBe(0);
    // The cluster archives its history, and both its data and its DCS are lost.
    await archiveHistory();
    await rm(join(root, 'pg'), { recursive: true });
    const again = await clone('--before-xid', String(xid));
    expect(again.code).not.toBe(0);
    expect(again.err).toContain('this clone was made');
    expect(await stat(data()).catch(() => undefined)).toBeUndefined();
    expect((await clone('--before-xid', String(xid), '--again')).code).toBe(0);
    expect(await rowsOfClone()).toBe(100);
  });
});

describe('a cluster that was cloned to the end of its own archive', () => {
  it('is brought back by the same clone as often as it is lost, with all that it has archived', async () => {
    const own = join(root, 'own');
    await cp(live.archive, own, { recursive: true });
    await writeFile(join(root, 'new-env', 'WALG_FILE_PREFIX'), own);
    const again = (...target: string[]) => runWalkback(argsFor(target), { WALG_FILE_PREFIX: own });
    const archiveCommand = `cp "%p" "${own}/wal_005/%f"`;
    for (const [lost, rows] of [1, 2].entries()) {
      const made = await again('--to-latest');
      expect(made.code, made.err).toBe(0);
      const work = `insert into orders values (${300 + lost});select pg_switch_wal()`;
      expect(await rowsOfClone(work, archiveCommand)).toBe(rows + 1);
      // Everything of the host is lost.
      await rm(join(root, 'pg'), { recursive: true, force: true });
    }
  });
});

describe('the plan of a clone that this host has begun', () => {
  const planned = async (...target: string[]): Promise<{ id: string; space: { freeBytes: string }; err: string }> => {
    const { code, out, err } = await clone(...target, '--dry-run', '--json');
    expect(code, err).toBe(0);
    return { ...JSON.parse(out), err };
  };

  const idOfPlan = async (): Promise<string> =>
    JSON.parse((await readFile(join(folder(), 'plan.json'), 'utf8')).split('\n')[1] ?? '').id;

  it('is the one that is gone on with', async () => {
    await killWhileItReplays('--before-xid', String(xid));
    const begun = await idOfPlan();
    const lines = await readFile(join(folder(), 'journal.jsonl'), 'utf8');
    const plan = await planned('--before-xid', String(xid));
    expect(plan.id).toBe(begun);
    expect(plan.err).toContain(`clone ${begun} of this host is gone on with`);
    expect(await readFile(join(folder(), 'journal.jsonl'), 'utf8')).toBe(lines);
  });

  it('has the room that its half-restored data take, when another target is asked for', async () => {
    await killWhileItReplays('--before-xid', String(xid));
    const ballastBytes = 512 * 1024 ** 2;
    await writeFile(join(folder(), 'data/ballast'), Buffer.alloc(ballastBytes));
    const { bavail, bsize } = await statfs(root);
    const plan = await planned('--to-latest');
    expect(plan.err).toContain('something else is asked for now');
    // Half of it: others write to this file system meanwhile.
    expect(Number(plan.space.freeBytes) - bavail * bsize).toBeGreaterThan(ballastBytes / 2);
    expect(await stat(join(folder(), 'data/ballast'))).toMatchObject({ size: ballastBytes });
  });

  it('is not refused for its own cluster, which has archived before Patroni gave it up', async () => {
    expect((await clone('--before-xid', String(xid))).code).toBe(0);
    await archiveHistory();
    // As Patroni does when post_init has failed.
    await rename(data(), `${data()}.failed`);
    const tablespace = join(root, `pg/data.walkback/tablespaces-${await idOfPlan()}`);
    await mkdir(tablespace);
    const plan = await planned('--before-xid', String(xid));
    expect(plan.err).toContain('no longer in the data directory');
    const again = await clone('--before-xid', String(xid));
    expect(again.code).toBe(0);
    // The data that were moved away may lead there.
    expect(again.err).toContain(`may still need it: ${tablespace}`);
    expect(await readdir(tablespace)).toEqual([]);
    expect(await rowsOfClone()).toBe(100);
  });
});

describe('a clone that looks in several archives', () => {
  let before: string;
  let after: string;
  let empty: string;
  let timeBetween: string;

  /** As a major upgrade leaves them: one archive with the backups and WAL of before, another with those of after. */
  beforeEach(async () => {
    [before, after, empty] = [join(root, 'before'), join(root, 'after'), join(root, 'empty')];
    await mkdir(empty);
    await cp(live.archive, before, { recursive: true });
    timeBetween = new Date().toISOString();
    // A backup tells its begin in whole seconds.
    await sleep(1000);
    const last = await live.backUp();
    await cp(live.archive, after, { recursive: true });
    const backups = join(after, 'basebackups_005');
    for (const name of await readdir(backups)) {
      if (!name.startsWith(last)) await rm(join(backups, name), { recursive: true });
    }
  });

  const lookingIn = (...archives: string[]): string[] => archives.map((archive) => `--look-in=${archive}`);

  it('is made of the first that has a backup from before the target', async () => {
    const done = await clone(...lookingIn(empty, after, before), '--to-time', timeWithOrders);
    expect(done.code, done.err).toBe(0);
    expect(done.err).toContain(`${empty}: it holds no backup`);
    expect(done.err).toMatch(new RegExp(`${after}: the target is before its first backup, base_\\w+, which began 2`));
    expect(await rowsOfClone()).toBe(100);
  });

  it('is made of the first that has a backup when all that there is, is asked for', async () => {
    const planned = await clone(...lookingIn(empty, after, before), '--to-latest', '--dry-run', '--json');
    expect(JSON.parse(planned.out)).toMatchObject({ request: { archiveAddress: after } });
  });

  it('is refused, with what each of them has, when none serves', async () => {
    const early = await clone(...lookingIn(after, empty, before), '--to-time', '2001-01-01T00:00:00Z');
    expect(early.code).not.toBe(0);
    expect(early.err).toContain('none of the 3 archives that were looked in');
    for (const archive of [after, before])
      expect(early.err).toContain(`${archive}: the target is before its first backup`);
    expect(early.err).toContain(`${empty}: it holds no backup`);
    expect(early.err).toContain('CLONE_TARGET_TIME');
  });

  it('names those that were passed over when the one that is left does not reach the target', async () => {
    const planned = await clone(...lookingIn(after, before), '--to-time', timeBetween, '--dry-run');
    expect(planned.err).toMatch(/no transaction ended|after the last commit/);
    expect(planned.err).toContain(`${after}: the target is before its first backup`);
  });
});
