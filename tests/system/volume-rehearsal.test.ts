import type { ChildProcessByStdio } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { VolumePlan } from '../../src/kubernetes/volume/volume-plan.ts';
import type { VolumeStatus } from '../../src/kubernetes/volume/volume-status.ts';
import { stopPrivateServer } from '../../src/instance/private-server.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { serverAt } from '../support/postgres.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { volumePlanFrom } from '../support/volume-plans.ts';
import { PROGRAM, runWalkback, startWalkback, type Ended } from '../support/walkback-process.ts';
import { spawn } from 'node:child_process';

const ROLES: VolumePlan['roles'] = [
  { purpose: 'superuser', user: 'postgres', password: { variable: 'PASSWORD_OF_NOW' } },
];

/** A pod of a rehearsal, as a process. */
interface Pod extends AsyncDisposable {
  readonly dataDirectory: string;
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  readonly lines: VolumeStatus[];
  until(state: VolumeStatus['state'], isSo?: (status: VolumeStatus) => boolean): Promise<VolumeStatus>;
  ask(request: object): Promise<Record<string, unknown>>;
  readonly ended: Promise<number | null>;
}

describe.each([15, 16, 17, 18])('a rehearsal on a volume, PostgreSQL %i', (major) => {
  let live: Recoverable;
  let root: string;
  let xid = 0;
  let laterXid = 0;

  beforeAll(async () => {
    live = await startRecoverable({ major });
    await live.server.sql(
      'create table orders (id int primary key); insert into orders select generate_series(1, 100)',
    );
    const deleteAll = 'with gone as (delete from orders where id <= $1 returning 1) select txid_current()::int as xid';
    const rows = await live.server.sql<{ xid: number }>(deleteAll.replace('$1', '40'));
    const later = await live.server.sql<{ xid: number }>(deleteAll.replace('$1', '100'));
    [xid, laterXid] = [rows[0]?.xid ?? 0, later[0]?.xid ?? 0];
    await live.server.sql('insert into orders values (201)');
    await archiveTail(live.uses);
    root = await mkdtemp(join(tmpdir(), 'walkback-volume-'));
  });
  afterAll(async () => {
    await live[Symbol.asyncDispose]();
    await rm(root, { recursive: true, force: true });
  });

  const environment = () => ({ WALG_FILE_PREFIX: live.archive, PASSWORD_OF_NOW: 'of now' });
  const settingsOf = (dataDirectory: string) => [
    `--data-directory=${dataDirectory}`,
    `--bin-directory=${live.server.bin}`,
  ];

  async function startPod(volume: string, plan: VolumePlan, place: string): Promise<Pod> {
    const dataDirectory = join(volume, 'pgroot/data');
    await mkdir(volume, { recursive: true });
    await writeFile(join(volume, 'plan.json'), JSON.stringify(plan));
    const args = ['volume', 'rehearse', `--plan=${join(volume, 'plan.json')}`, `--place=${place}`];
    const child = startWalkback([...args, ...settingsOf(dataDirectory)], environment());
    const lines: VolumeStatus[] = [];
    let [torn, err] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => {
      const whole = `${torn}${chunk.toString()}`.split('\n');
      torn = whole.pop() ?? '';
      lines.push(...whole.map((line): VolumeStatus => JSON.parse(line)));
    });
    child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const pod: Pod = {
      dataDirectory,
      child,
      lines,
      ended,
      until: async (state, isSo = () => true) => {
        const last = () => lines.findLast((line) => line.state === state && isSo(line));
        await expect
          .poll(
            () =>
              last() ??
              lines.findLast((line) => line.state === 'failed') ??
              (child.exitCode === null ? undefined : err),
            { timeout: 120_000, interval: 50 },
          )
          .toBeDefined();
        const found = last();
        if (found === undefined) throw new Error(`${JSON.stringify(lines.at(-1))} ${err}`);
        return found;
      },
      ask: async (request) => {
        const asked = spawn(PROGRAM, ['volume', 'ask', plan.id, ...settingsOf(dataDirectory)], {
          env: { PATH: process.env['PATH'] ?? '', ...environment() },
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        let [out, said] = ['', ''];
        asked.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
        asked.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
        asked.stdin.end(JSON.stringify(request));
        const code = await new Promise((resolve) => asked.once('close', resolve));
        if (code !== 0) throw new Error(`${String(code)}: ${said}`);
        return JSON.parse(out);
      },
      [Symbol.asyncDispose]: async () => {
        child.kill('SIGKILL');
        await stopPrivateServer(join(`${dataDirectory}.walkback`, plan.id, 'data'), 'immediate');
      },
    };
    return pod;
  }

  /** The rows of a cluster that somebody starts on that data directory. */
  async function rowsOn(volume: string): Promise<{ rows: number; timeline: number }> {
    // Disposed of, it would take the volume along.
    const server = serverAt(join(volume, 'pgroot'), major);
    await mkdir(join(volume, 'pgroot/sock'), { recursive: true });
    await writeFile(
      join(volume, 'pgroot/data/postgresql.auto.conf'),
      `unix_socket_directories = '${join(volume, 'pgroot/sock')}'\nlisten_addresses = ''\narchive_command = ''\n`,
    );
    await server.start();
    const [row] = await server.sql<{ n: number; t: number }>(
      `select count(*)::int as n, ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int as t from orders`,
    );
    await server.stop();
    return { rows: row?.n ?? -1, timeline: row?.t ?? -1 };
  }

  const run = (volume: string, tasks: readonly object[]): Promise<Ended> =>
    runWalkback(
      [
        'volume',
        'run',
        `--tasks=${JSON.stringify({ tasks, user: 'postgres', roles: ROLES })}`,
        ...settingsOf(join(volume, 'pgroot/data')),
      ],
      environment(),
    );
  const resultsOf = ({ out, err, code }: Ended): Record<string, unknown>[] => {
    expect(`${code} ${err}`).toMatch(/^0 /);
    return out
      .trim()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
  };

  it('stands at its target, is checked, steps on, and puts a cluster at PGDATA of a claim that had none', async () => {
    const volume = join(root, 'new-claim');
    const plan = volumePlanFrom(await live.plan({ kind: 'transaction', xid, side: 'before' }), ROLES);
    await using pod = await startPod(volume, plan, 'new-claim');
    const standing = await pod.until('standing');
    expect(standing).toMatchObject({ id: plan.id, starts: 1, targetLsn: plan.target.lsn, problem: null });
    const check = (id: string, sql: string, isWritable = false) =>
      pod.ask({ id, kind: 'check', checks: [{ name: 'orders', sql }], database: 'postgres', isWritable });
    expect(await check('c1', 'select count(*) = 100 from orders')).toMatchObject({ results: [{ passed: true }] });
    expect(await check('c2', 'insert into orders values (7000)')).toMatchObject({ results: [{ passed: false }] });
    expect(
      await check('c3', 'insert into orders values (7000); select count(*) = 101 from orders', true),
    ).toMatchObject({
      results: [{ passed: true }],
    });

    const later = volumePlanFrom(await live.plan({ kind: 'transaction', xid: laterXid, side: 'before' }), ROLES);
    const next = { ...later, id: plan.id };
    expect(await pod.ask({ id: 's1', kind: 'step', plan: next })).toMatchObject({ kind: 'accepted' });
    await pod.until('standing', ({ targetLsn }) => targetLsn === next.target.lsn);
    expect(await check('c4', 'select count(*) = 60 from orders')).toMatchObject({ results: [{ passed: true }] });
    expect(await pod.ask({ id: 's2', kind: 'step', plan })).toMatchObject({ kind: 'failed', failure: 'refused' });
    expect(await check('c5', 'select count(*) = 60 from orders')).toMatchObject({ results: [{ passed: true }] });

    await pod.ask({ id: 'f1', kind: 'finish' });
    const { finished } = await pod.until('finished');
    expect(await pod.ended).toBe(0);
    expect(finished).toMatchObject({
      timeline: 2,
      reason: `before LSN ${next.target.lsn}`,
      changedRoles: ['postgres'],
      dataDirectory: pod.dataDirectory,
    });
    const [probed] = resultsOf(await run(volume, [{ do: 'probe' }]));
    expect(probed).toMatchObject({
      did: 'probe',
      volume: {
        data: [{ place: 'live', timeline: 2, isShutDown: true, systemIdentifier: plan.systemIdentifier }],
        unreadable: [],
      },
    });
    expect(await rowsOn(volume)).toEqual({ rows: 60, timeline: 2 });
    // The number is reserved, and nothing of the rehearsal is in the archive.
    expect(await readdir(join(live.archive, 'wal_005'))).not.toContain('00000002.history');
  });

  it('beside the live data is swapped in by two renames, and back, and its kept data open a line above', async () => {
    const volume = join(root, 'in-volume');
    await live.server.stop();
    await mkdir(join(volume, 'pgroot'), { recursive: true });
    await cp(live.server.dataDirectory, join(volume, 'pgroot/data'), { recursive: true });
    await live.server.start();
    await writeFile(join(volume, 'pgroot/data/postgresql.auto.conf'), "work_mem = '7MB'\n");
    const plan = volumePlanFrom(await live.plan({ kind: 'transaction', xid, side: 'before' }), ROLES);
    await using pod = await startPod(volume, plan, 'in-volume');
    await pod.until('standing');
    expect((await run(volume, [{ do: 'swap', id: plan.id }])).err).toContain('process');
    await pod.ask({ id: 'f', kind: 'finish' });
    const { finished } = await pod.until('finished');
    expect(await pod.ended).toBe(0);
    expect(finished?.dataDirectory).toBe(join(volume, 'pgroot/data.walkback', plan.id, 'data'));
    const swap = [{ do: 'archiveRest' }, { do: 'swap', id: plan.id }];
    expect(resultsOf(await run(volume, swap))).toMatchObject([{ did: 'archiveRest' }, { did: 'swap', wasDone: false }]);
    expect(resultsOf(await run(volume, [{ do: 'swap', id: plan.id }]))).toMatchObject([{ wasDone: true }]);
    // A person recovers data, not settings.
    expect(await readFile(join(volume, 'pgroot/data/postgresql.auto.conf'), 'utf8')).toContain("work_mem = '7MB'");
    expect((await rowsOn(volume)).rows).toBe(100);
    const reopened = resultsOf(await run(volume, [{ do: 'reopen', id: plan.id }]));
    const above = [{ did: 'reopen', timeline: Number(finished?.timeline) + 1 }];
    expect(reopened).toMatchObject(above);
    // Whoever asked was killed before they heard the answer.
    expect(resultsOf(await run(volume, [{ do: 'reopen', id: plan.id }]))).toMatchObject(above);
    expect(resultsOf(await run(volume, [{ do: 'swap', id: plan.id, back: true }]))).toMatchObject([{ wasDone: false }]);
    expect(await rowsOn(volume)).toEqual({ rows: 1, timeline: Number(finished?.timeline) + 1 });
    const [removed] = resultsOf(await run(volume, [{ do: 'remove', id: plan.id, what: 'replaced' }]));
    expect(Number(removed?.['freedBytes'])).toBeGreaterThan(1e6);
    expect(await readdir(join(volume, 'pgroot/data.walkback', plan.id))).not.toContain('replaced');
  });
});
