/**
 * One member of a test cluster: a real Patroni and the PostgreSQL that it runs.
 *
 * @module
 */

import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import pg from 'pg';
import { stringify } from 'yaml';

import { AgentProcess } from '../agent-process.ts';
import { until } from '../archived-cluster.ts';
import type { PatroniPrograms } from './install-patroni.ts';
import {
  dataDirectoryOf,
  memberConfig,
  REST_USER,
  socketDirectoryOf,
  spoolOf,
  type MemberPlace,
  type SharedConfig,
} from './member-config.ts';
import { endProcess, familyOf, hasEnded, isForgotten, kill, patroniProcessesOf, untilEnded } from './processes.ts';

/** What a member is made of. */
export interface MemberOptions {
  readonly place: MemberPlace;
  readonly shared: SharedConfig;
  readonly programs: PatroniPrograms;
  /** Variables of Patroni, PostgreSQL and their commands. */
  readonly environment: Readonly<Record<string, string>>;
}

/** What `GET /patroni` answers, as far as tests look at it. */
export interface MemberStatus {
  readonly state?: string;
  /** `master` or `primary`, `replica`, `uninitialized` … */
  readonly role?: string;
  readonly timeline?: number;
  readonly replication_state?: string;
  readonly pause?: boolean;
}

/** One member. */
export class PatroniMember {
  readonly name: string;
  /** Holds everything of it: configuration, data, socket, spool, log. */
  readonly root: string;
  /** `patroni.yml`. */
  readonly configFile: string;
  readonly dataDirectory: string;
  readonly socketDirectory: string;
  readonly spool: string;
  readonly bin: string;
  /** `http://127.0.0.1:PORT` */
  readonly restUrl: string;
  /** It listens on 127.0.0.1 and in {@link socketDirectory}. */
  readonly postgresPort: number;
  readonly #options: MemberOptions;
  #agent: AgentProcess | undefined;

  constructor(options: MemberOptions) {
    const { place, shared } = options;
    this.#options = options;
    this.name = place.name;
    this.root = place.root;
    this.configFile = join(place.root, 'patroni.yml');
    this.dataDirectory = dataDirectoryOf(place);
    this.socketDirectory = socketDirectoryOf(place);
    this.spool = spoolOf(place);
    this.bin = shared.bin;
    this.restUrl = `http://127.0.0.1:${place.restPort}`;
    this.postgresPort = place.postgresPort;
  }

  /** Variables by which any client, and walkback, reaches its server as the superuser. */
  get environment(): Record<string, string> {
    const reach = { PGHOST: this.socketDirectory, PGPORT: String(this.postgresPort), PGUSER: 'postgres' };
    return { ...this.#options.environment, ...reach, PGDATABASE: 'postgres' };
  }

  /** The postmaster's process, while it runs. */
  async postmasterPid(): Promise<number | undefined> {
    const text = await readFile(join(this.dataDirectory, 'postmaster.pid'), 'utf8').catch(() => '');
    const pid = Number(text.split('\n')[0]);
    return pid > 0 && !(await hasEnded(pid)) ? pid : undefined;
  }

  /** Writes `patroni.yml` and the folders that it names. */
  async prepare(): Promise<void> {
    for (const folder of [this.root, this.socketDirectory]) await mkdir(folder, { recursive: true });
    // Patroni reads YAML 1.1, in which a bare `on` is a truth value.
    const text = stringify(memberConfig(this.#options.place, this.#options.shared), { version: '1.1' });
    await writeFile(this.configFile, text, { mode: 0o600 });
  }

  /** Starts Patroni, as a supervisor would; what it does then is its own business. */
  start(): void {
    if (patroniProcessesOf(this.configFile).length > 0) return;
    // PostgreSQL inherits it: the log holds what both say.
    const log = openSync(join(this.root, 'log'), 'a');
    const child = spawn(this.#options.programs.patroni, [this.configFile], {
      cwd: this.root,
      env: { PATH: process.env['PATH'] ?? '', LANG: 'C.UTF-8', ...this.#options.environment },
      stdio: ['ignore', log, log],
    });
    child.unref();
    closeSync(log);
  }

  /** Asks Patroni to end, and waits: unless the cluster is paused, it stops PostgreSQL first. */
  async stop(): Promise<void> {
    const pids = patroniProcessesOf(this.configFile);
    for (const pid of pids) kill(pid, 'SIGTERM');
    await untilEnded(pids);
  }

  /** Ends Patroni without a word; PostgreSQL runs on. Whoever has started it. */
  async killPatroni(): Promise<void> {
    await endProcess(...patroniProcessesOf(this.configFile));
  }

  /** Ends PostgreSQL as the kernel would, all of its processes. */
  async killPostgres(): Promise<void> {
    const pid = await this.postmasterPid();
    if (pid === undefined) return;
    await endProcess(...(await familyOf(pid)));
    // As after a start of the host: what names the process that was is of no use to anybody, and no socket is left.
    if (!(await isForgotten(pid))) await rm(join(this.dataDirectory, 'postmaster.pid'), { force: true });
    for (const name of await readdir(this.socketDirectory)) await rm(join(this.socketDirectory, name), { force: true });
  }

  /** The host is gone: Patroni, PostgreSQL and the agent at once. */
  async kill(): Promise<void> {
    await this.killPatroni();
    await Promise.all([this.killPostgres(), this.#agent?.end('SIGKILL')]);
    this.#agent = undefined;
  }

  /** Starts walkback's agent beside the server. */
  startAgent(args: readonly string[] = []): AgentProcess {
    this.#agent ??= new AgentProcess({
      dataDirectory: this.dataDirectory,
      spool: this.spool,
      environment: this.environment,
      args,
    });
    return this.#agent;
  }

  async stopAgent(): Promise<void> {
    await this.#agent?.end();
    this.#agent = undefined;
  }

  /** A request of its REST API, with the user and password that changes need. */
  async request(path: string, given: RequestInit = {}): Promise<Response> {
    const basic = Buffer.from(`${REST_USER.username}:${REST_USER.password}`).toString('base64');
    const headers = { authorization: `Basic ${basic}`, 'content-type': 'application/json' };
    return fetch(this.restUrl + path, { ...given, headers, signal: AbortSignal.timeout(20_000) });
  }

  /** What Patroni says of it; `undefined` if there is no answer. */
  async status(): Promise<MemberStatus | undefined> {
    const answer = await this.request('/patroni').catch(() => undefined);
    return answer?.json().catch(() => undefined) as Promise<MemberStatus | undefined>;
  }

  /** True if it holds the leader's lock and takes writes, by its own word. */
  async isLeader(): Promise<boolean> {
    return (await this.request('/leader').catch(() => undefined))?.status === 200;
  }

  /** A new connection to its server as the superuser; the caller ends it. */
  async connect(database = 'postgres'): Promise<pg.Client> {
    const client = new pg.Client({ host: this.socketDirectory, port: this.postgresPort, user: 'postgres', database });
    client.on('error', () => {});
    await client.connect();
    return client;
  }

  /** One statement in a connection of its own; its rows. */
  async sql<Row extends Record<string, unknown> = Record<string, unknown>>(text: string): Promise<Row[]> {
    const client = await this.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  /** Everything that Patroni and PostgreSQL have said. */
  async log(): Promise<string> {
    return readFile(join(this.root, 'log'), 'utf8').catch(() => '');
  }

  /** Waits until its log holds something. */
  async says(what: RegExp, timeoutMs = 60_000): Promise<void> {
    await until(`${this.name} says ${what}`, async () => what.test(await this.log()), timeoutMs);
  }
}
