import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { controlFileOf, isShutDown } from '../../src/instance/control-file-of.ts';
import { parsePostmasterPid } from '../../src/instance/postmaster.ts';
import { writeRequest } from '../../src/kubernetes/volume/requests.ts';
import type { VolumePlan } from '../../src/kubernetes/volume/volume-plan.ts';
import type { FinishedVolume, VolumeStatus } from '../../src/kubernetes/volume/volume-status.ts';
import { archiveTail } from '../../src/recovery/archive-tail.ts';
import type { WorkerTask } from '../support/kept-rehearsal-worker.ts';
import { serverAt } from '../support/postgres.ts';
import { startRecoverable, type Recoverable } from '../support/recoverable.ts';
import { volumePlanFrom } from '../support/volume-plans.ts';

const WORKER = join(import.meta.dirname, '../support/kept-rehearsal-worker.ts');
const MAJOR = 17;
const ROLES: VolumePlan['roles'] = [{ purpose: 'replication', user: 'standby', password: { variable: 'ANY' } }];

let live: Recoverable;
let root: string;
let xid = 0;

beforeAll(async () => {
  live = await startRecoverable({ major: MAJOR });
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  xid = row?.xid ?? 0;
  await live.server.sql('insert into orders values (201)');
  await archiveTail(live.uses);
  root = await mkdtemp(join(tmpdir(), 'walkback-volume-kills-'));
});
afterAll(async () => {
  await live[Symbol.asyncDispose]();
  await rm(root, { recursive: true, force: true });
});

/** What a process of it said, and whether it was killed. */
interface WorkerEnd {
  readonly wasKilled: boolean;
  readonly states: readonly VolumeStatus[];
  readonly finished: FinishedVolume | undefined;
}

async function runWorker(task: WorkerTask): Promise<WorkerEnd> {
  const child = spawn(process.execPath, [WORKER, JSON.stringify(task)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  const signal = await new Promise<NodeJS.Signals | null>((resolve) =>
    child.once('close', (_code: number | null, by: NodeJS.Signals | null) => resolve(by)),
  );
  const lines = out
    .trim()
    .split('\n')
    .filter((line) => line.endsWith('}'));
  const said = lines.map((line): VolumeStatus & { finished: FinishedVolume | null } => JSON.parse(line));
  return { wasKilled: signal === 'SIGKILL', states: said, finished: said.at(-1)?.finished ?? undefined };
}

/** As the end of a container ends it: with no time for anything, and its number left behind in `postmaster.pid`. */
async function killServer(dataDirectory: string): Promise<void> {
  const text = await readFile(join(dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = parsePostmasterPid(text)?.pid;
  if (pid === undefined) return;
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const one of [pid, ...children.trim().split(' ').map(Number)]) {
    try {
      if (one > 0) process.kill(one, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

async function journalLines(folder: string): Promise<string[]> {
  return (await readFile(join(folder, 'journal.jsonl'), 'utf8')).trim().split('\n');
}

async function rowsAndPassword(pgroot: string): Promise<unknown> {
  const server = serverAt(pgroot, MAJOR);
  await mkdir(join(pgroot, 'sock'), { recursive: true });
  await writeFile(
    join(pgroot, 'data/postgresql.auto.conf'),
    `unix_socket_directories = '${join(pgroot, 'sock')}'\nlisten_addresses = ''\narchive_command = ''\n`,
  );
  await server.start();
  const [row] = await server.sql(
    `select count(*)::int as rows, (select rolpassword is not null from pg_authid where rolname = 'standby') as password from orders`,
  );
  await server.stop();
  return row;
}

describe('a rehearsal on a volume whose pod is killed', () => {
  /** Lines of the journal of one that was never killed, and what came of it. */
  let whole: string[] = [];

  async function rehearse(name: string, kills: readonly WorkerTask['killAt'][]): Promise<FinishedVolume | undefined> {
    const plan = volumePlanFrom(await live.plan({ kind: 'transaction', xid, side: 'before' }), ROLES);
    const pgroot = join(root, name, 'pgroot');
    const dataDirectory = join(pgroot, 'data');
    const folder = join(`${dataDirectory}.walkback`, plan.id);
    await mkdir(folder, { recursive: true });
    await writeRequest(folder, { id: 'finish', kind: 'finish' });
    const { bin } = live.server;
    const task = { dataDirectory, archive: live.archive, bin, plan: JSON.stringify(plan), place: 'newClaim' } as const;
    for (const killAt of kills) {
      const end = await runWorker({ ...task, killAt });
      if (!end.wasKilled) continue;
      await killServer(join(folder, 'data'));
      // Nothing, or the finished cluster.
      const names: string[] = await readdir(dataDirectory).catch(() => []);
      expect(names.length === 0 || names.includes('PG_VERSION')).toBe(true);
    }
    const { finished, states } = await runWorker({ ...task, killAt: undefined });
    expect(states.at(-1)).toMatchObject({ finished: { dataDirectory } });
    const control = await controlFileOf(dataDirectory);
    expect([isShutDown(control), control.timeline]).toEqual([true, finished?.timeline]);
    expect(await rowsAndPassword(pgroot)).toEqual({ rows: 100, password: true });
    if (kills.length === 0) whole = await journalLines(folder);
    await rm(join(root, name), { recursive: true, force: true });
    return finished;
  }

  it('is finished without a kill, as a measure', async () => {
    const finished = await rehearse('whole', []);
    expect(finished?.reason).toMatch(/^before LSN /);
    expect(whole.filter((line) => line.includes('"begin"')).map((line): unknown => JSON.parse(line).step)).toEqual([
      'restore',
      'prepare',
      'replay',
      'reserveTimeline',
      'promote',
      'setPasswords',
      'stop',
      'configure',
      'putInPlace',
    ]);
  });

  it.each(Array.from({ length: 21 }, (_, lines) => lines))(
    'goes on to the same target from behind line %i of its journal, before and after what that line begins',
    async (lines) => {
      const finished = await rehearse(`line-${lines}`, [
        { lines, looks: 1 },
        // Lines of the first run are there, and each run adds one.
        { lines: lines + 1, looks: 2 },
      ]);
      expect(finished?.reason).toMatch(/^before LSN /);
    },
  );
});
