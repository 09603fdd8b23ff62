/**
 * A member of a test cluster whose Patroni is kept by walkback's supervisor, as in a container.
 *
 * @module
 */

import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { parse } from 'yaml';

import { until } from '../archived-cluster.ts';
import { freePort } from '../programs.ts';
import { PASSWORDS } from './member-config.ts';
import type { PatroniMember } from './patroni-member.ts';
import type { PatroniTestCluster } from './patroni-cluster.ts';
import type { PlainPlan } from './supervised-program.ts';

/** PostgreSQL and the last WAL take seconds; one that hangs is to be told of before the whole test is late. */
const END_MS = 180_000;
const ANSWER_MS = 20_000;

/** What a probe was answered. */
export interface Probe {
  readonly code: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** A member with its supervisor. */
export class SupervisedMember {
  readonly member: PatroniMember;
  readonly runDirectory: string;
  readonly #planFile: string;
  readonly #logFile: string;
  readonly #healthPort: number;
  readonly #path: string;
  #process: ChildProcess | undefined;

  private constructor(member: PatroniMember, cluster: PatroniTestCluster, healthPort: number) {
    this.member = member;
    this.runDirectory = join(member.root, 'run');
    this.#planFile = join(member.root, 'plan.json');
    this.#logFile = join(member.root, 'log');
    this.#healthPort = healthPort;
    this.#path = `${dirname(cluster.programs.patroni)}:${member.environment['PATH'] ?? ''}`;
  }

  /** Writes the plan. Nothing is started. */
  static async of(cluster: PatroniTestCluster, member: PatroniMember): Promise<SupervisedMember> {
    const supervised = new SupervisedMember(member, cluster, await twoFreePorts());
    await mkdir(supervised.runDirectory, { recursive: true });
    await writeFile(supervised.#planFile, JSON.stringify(await supervised.#plan(cluster)));
    return supervised;
  }

  async #plan(cluster: PatroniTestCluster): Promise<PlainPlan> {
    const { member, runDirectory } = this;
    const path = (name: string) => join(runDirectory, name);
    const environment = {
      path: path('env'),
      variables: {
        WALKBACK_ARCHIVE: `file://${cluster.archive}`,
        PGHOST: member.socketDirectory,
        PGPORT: String(member.postgresPort),
      },
    };
    return {
      scope: cluster.scope,
      memberName: member.name,
      namespace: undefined,
      major: cluster.major,
      binDirectory: member.bin,
      hasData: false,
      isMajorNamed: true,
      paths: {
        home: member.root,
        root: member.root,
        dataDirectory: member.dataDirectory,
        logDirectory: path('pg_log'),
        runDirectory,
        socketDirectory: member.socketDirectory,
        certificateDirectory: path('certs'),
        temporaryDirectory: path('tmp'),
        spoolDirectory: member.spool,
      },
      ports: { postgres: member.postgresPort, restApi: Number(new URL(member.restUrl).port), health: this.#healthPort },
      users: {
        superuser: { name: 'postgres', password: PASSWORDS.postgres },
        replication: { name: 'replicator', password: PASSWORDS.replicator },
        others: [{ name: 'admin', password: 'of the administrator', options: ['createdb'] }],
        human: 'people',
      },
      patroni: {
        path: member.configFile,
        configuration: parse(await readFile(member.configFile, 'utf8')) as PlainPlan['patroni']['configuration'],
        environment: { LANG: 'C.UTF-8', HOME: member.root, ...member.environment, PATH: this.#path },
      },
      environment,
      archive: { address: `file://${cluster.archive}`, environment },
      agent: { backupSchedule: '0 0 1 1 *', isFromReplica: false, keepFull: 2, keepDays: 2 },
      clone: undefined,
      standby: undefined,
      certificate: {
        source: 'selfSigned',
        certificateFile: path('certs/server.crt'),
        keyFile: path('certs/server.key'),
      },
      files: [],
      jobs: [],
      preconditions: [],
      warnings: [],
    };
  }

  /** The supervisor, while it runs. */
  get processId(): number | undefined {
    const child = this.#process;
    return child !== undefined && child.exitCode === null && child.signalCode === null ? child.pid : undefined;
  }

  start(): void {
    const log = openSync(this.#logFile, 'a');
    const program = join(import.meta.dirname, 'supervised-program.ts');
    this.#process = spawn(process.execPath, [program, this.#planFile], {
      cwd: this.member.root,
      env: { PATH: this.#path, SECRET_OF_THE_POD: 'hunter2' },
      stdio: ['ignore', log, log],
    });
  }

  /** Sends a signal and waits for the end. @returns the exit code. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const child = this.#process;
    if (child === undefined || this.processId === undefined) return null;
    child.kill(signal);
    const exit = once(child, 'exit', { signal: AbortSignal.timeout(END_MS) });
    const [code] = (await exit.catch((error: unknown) => this.#failed(error, 'it has not ended'))) as [number | null];
    return code;
  }

  async probe(path: string): Promise<Probe | undefined> {
    const answer = await fetch(`http://127.0.0.1:${this.#healthPort}${path}`, {
      signal: AbortSignal.timeout(ANSWER_MS),
    }).catch(() => undefined);
    if (answer === undefined) return undefined;
    const text = await answer.text();
    const body = path === '/metrics' ? { text } : (JSON.parse(text) as Probe['body']);
    return { code: answer.status, body };
  }

  async untilReady(timeoutMs = 120_000): Promise<Probe> {
    let last: Probe | undefined;
    await until(
      'the member is ready',
      async () => (last = await this.probe('/readiness'))?.code === 200,
      timeoutMs,
    ).catch((error: unknown) => this.#failed(error, JSON.stringify(last)));
    if (last === undefined) throw new Error('no answer');
    return last;
  }

  /** Fails with the end of its log. */
  async #failed(cause: unknown, found: string): Promise<never> {
    throw new Error(`${String(cause)}: ${found}\n${(await this.log()).split('\n').slice(-60).join('\n')}`, { cause });
  }

  /** Everything that it, Patroni, PostgreSQL and the agent have said. */
  async log(): Promise<string> {
    return readFile(this.#logFile, 'utf8').catch(() => '');
  }

  /** The processes that it keeps, by its own record. */
  async kept(name: 'patroni' | 'agent'): Promise<number> {
    const text = await readFile(join(this.runDirectory, 'walkback/supervisor.json'), 'utf8').catch(() => '{}');
    const record = JSON.parse(text) as Record<string, { processId: number } | undefined>;
    return record[name]?.processId ?? 0;
  }

  /** Ends one of them without a word. @returns which process it was. */
  async kill(name: 'patroni' | 'agent'): Promise<number> {
    const processId = await this.kept(name);
    if (processId < 2) throw new Error(`no ${name} runs\n${await this.log()}`);
    process.kill(processId, 'SIGKILL');
    return processId;
  }
}

/** A free port whose next one is free too: the agent's. */
async function twoFreePorts(): Promise<number> {
  for (;;) {
    const [one, other] = [await freePort(), await freePort()];
    if (Math.abs(one - other) === 1) return Math.min(one, other);
    if (one < 60_000) return one;
  }
}
