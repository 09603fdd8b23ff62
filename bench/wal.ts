/**
 * WAL out and in beside other programs, in one run on one machine, interleaved: segments pushed through `archive_command`
 * of a real server, and replayed through `restore_command` by another.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { runProgram, serverAt } from '../tests/support/postgres.ts';
import { bundleProgramOf } from './bundle.ts';
import { machine } from './report.ts';
import { walTable, type WalRun } from './wal-report.ts';
import {
  countReady,
  markAllDone,
  markAllReady,
  setArchiveCommand,
  startWalServer,
  type WalServer,
} from './wal-data-set.ts';
import { findWalTools, type WalTool } from './wal-tools.ts';

const LIMIT_MS = 300_000;

/** A process that is there while something is measured. */
interface Resident {
  /** Largest resident size so far. */
  residentMib(): Promise<number | undefined>;
  end(): Promise<void>;
}

async function startResident(tool: WalTool, dataDirectory: string): Promise<Resident> {
  if (tool.spool !== undefined) await runProgram('sh', ['-c', `rm -rf ${tool.spool}; mkdir ${tool.spool}`]);
  const resident = tool.resident?.(dataDirectory);
  if (resident === undefined) return { residentMib: async () => undefined, end: async () => {} };
  const { file, args, environment, readyPath } = resident;
  const child = spawn(file, [...args], {
    stdio: ['ignore', 'ignore', tool.isLoud === true ? 'ignore' : 'inherit'],
    env: { ...process.env, ...environment },
  });
  const gone = once(child, 'exit');
  // Its start is not measured: it runs as long as the server does.
  await until(`${tool.name} serves`, async () => existsSync(readyPath));
  return {
    residentMib: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '');
      const kib = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
      return kib === undefined ? undefined : Number(kib) / 1024;
    },
    end: async () => {
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function until(what: string, condition: () => Promise<boolean>, pauseMs = 5): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`bench: waited ${LIMIT_MS} ms in vain: ${what}`);
    await sleep(pauseMs);
  }
}

/** Seconds until the server has archived all of its segments, from when they were ready; a resident process is there before. */
async function push(wal: WalServer, tool: WalTool, command: string): Promise<WalRun> {
  const { dataDirectory } = wal.server;
  await setArchiveCommand(wal.server, '');
  await sleep(300);
  await runProgram('bash', ['-c', tool.prepare]);
  await runProgram('sync', []);
  const resident = await startResident(tool, dataDirectory);
  const started = process.hrtime.bigint();
  await markAllReady(dataDirectory);
  await setArchiveCommand(wal.server, command);
  await until(`${tool.name} archives all`, async () => (await countReady(dataDirectory)) === 0);
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const run = { seconds, residentMib: await resident.residentMib() };
  await resident.end();
  return run;
}

const REDO = /redo done at .* elapsed: ([\d.]+) s/;

/** Seconds that a server takes from its redo's start to its end. */
async function replay(wal: WalServer, tool: WalTool, restoreCommand: string): Promise<WalRun> {
  const root = join(wal.scratch, 'restored');
  await rm(root, { recursive: true, force: true });
  await mkdir(join(root, 'sock'), { recursive: true });
  const dataDirectory = join(root, 'data');
  await cp(wal.base, dataDirectory, { recursive: true });
  await writeFile(join(dataDirectory, 'recovery.signal'), '');
  const lines = {
    restore_command: restoreCommand,
    unix_socket_directories: join(root, 'sock'),
    archive_mode: 'off',
    archive_command: '',
  };
  const text = Object.entries(lines).map(([name, value]) => `${name} = '${value.replaceAll("'", "''")}'\n`);
  await appendFile(join(dataDirectory, 'postgresql.auto.conf'), text.join(''));
  await runProgram('sync', []);
  const resident = await startResident(tool, dataDirectory);
  const restored = serverAt(root, wal.server.major);
  const log = () => readFile(join(root, 'server.log'), 'utf8').catch(() => '');
  await restored.start();
  await until(`${tool.name} replays all`, async () => REDO.test(await log()), 50);
  const seconds = Number(REDO.exec(await log())?.[1]);
  const run = { seconds, residentMib: await resident.residentMib() };
  await until('it opens', async () => (await log()).includes('database system is ready to accept connections'), 50);
  await restored.stop('immediate');
  await resident.end();
  await rm(root, { recursive: true });
  return run;
}

async function oneRound(wal: WalServer, tools: readonly WalTool[], runs: Runs, round: number): Promise<void> {
  for (const tool of tools) {
    if (tool.archiveCommand === undefined) continue;
    const run = await push(wal, tool, tool.archiveCommand);
    runs.push.get(tool)?.push(run);
    console.error(`round ${round}, ${tool.name}: push ${(wal.segments.length / run.seconds).toFixed(1)} segments/s`);
  }
  await setArchiveCommand(wal.server, '');
  for (const tool of tools) {
    if (tool.restoreCommand === undefined) continue;
    const run = await replay(wal, tool, tool.restoreCommand(join(wal.scratch, 'restored', 'data')));
    runs.fetch.get(tool)?.push(run);
    console.error(`round ${round}, ${tool.name}: redo ${run.seconds.toFixed(2)} s`);
  }
}

interface Runs {
  readonly push: ReadonlyMap<WalTool, WalRun[]>;
  readonly fetch: ReadonlyMap<WalTool, WalRun[]>;
}

/** Measures, and answers with the tables. */
export async function benchWal(given: { segments: number; rounds: number; only: RegExp }): Promise<string> {
  console.error(`bench: filling ${given.segments} segments of WAL …`);
  await using wal = await startWalServer(given.segments);
  await markAllDone(wal.server.dataDirectory);
  const { tools: all, missing } = findWalTools(wal, await bundleProgramOf('run-agent', join(wal.scratch, 'program')));
  for (const name of missing) console.error(`bench: left out: ${name}`);
  const tools = all.filter(({ name }) => given.only.test(name));
  const runs: Runs = {
    push: new Map(tools.map((tool) => [tool, []])),
    fetch: new Map(tools.map((tool) => [tool, []])),
  };
  for (let round = 1; round <= given.rounds; round += 1) await oneRound(wal, tools, runs, round);
  const series = (of: ReadonlyMap<WalTool, WalRun[]>) =>
    [...of].map(([{ name, remark }, each]) => ({ name, remark, runs: each }));
  const count = wal.segments.length;
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${machine()}: PostgreSQL 15, segments of 16 MiB, local folder, ${given.rounds} interleaved rounds.`,
    ...(missing.length === 0 ? [] : [`Left out because they were not there: ${missing.join('; ')}.`]),
    '',
    walTable(`Push: ${count} segments through archive_command`, series(runs.push), count),
    walTable(`Fetch: ${count} segments replayed through restore_command`, series(runs.fetch), count),
  ].join('\n');
}
