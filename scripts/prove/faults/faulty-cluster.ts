/**
 * A server under a write load with an oracle, whose WAL an agent brings to an S3 store through a proxy that fails. What the
 * server believes to be archived is copied aside: that is what must be found.
 *
 * @module
 */

import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { listMarked } from '../../../src/backup/running-marker.ts';
import { openStore } from '../../../src/storage/open.ts';
import type { ObjectStore } from '../../../src/storage/object-store.ts';
import type { S3Location } from '../../../src/storage/s3/s3-location.ts';
import { AgentProcess } from '../../../tests/support/agent-process.ts';
import { ARCHIVE_SCRIPT, quoted, ROOT, settingText, until } from '../../../tests/support/archived-cluster.ts';
import { FaultProxy } from '../../../tests/support/fault-proxy.ts';
import { startMinio } from '../../../tests/support/minio.ts';
import type { OracleCommit } from '../../../tests/support/oracle.ts';
import { runProgram, startPostgres, type TestServer } from '../../../tests/support/postgres.ts';
import { openWorkload, type Workload } from '../../../tests/support/workload.ts';

const SESSIONS = 3;
const AFTER_WAL = '16MB';

/** Variables by which programs reach the archive. */
export function archiveEnvironment(location: S3Location, endpoint: string): Record<string, string> {
  return {
    WALKBACK_ARCHIVE: `s3://${location.bucket}/${location.prefix}`,
    AWS_ENDPOINT: endpoint,
    AWS_S3_FORCE_PATH_STYLE: 'true',
    AWS_REGION: location.region ?? 'us-east-1',
    AWS_ACCESS_KEY_ID: location.credentials?.accessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: location.credentials?.secretAccessKey ?? '',
    WALKBACK_STORE_IDLE_TIMEOUT: '500ms',
    WALKBACK_STORE_CALL_TIMEOUT: '5s',
  };
}

/** The cluster. Disposing ends everything. */
export class FaultyCluster implements AsyncDisposable {
  readonly server: TestServer;
  readonly proxy: FaultProxy;
  readonly store: ObjectStore;
  readonly location: S3Location;
  readonly #root: string;
  readonly #stack: AsyncDisposableStack;
  readonly #workload: Workload;
  #agent: AgentProcess;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = true;

  private constructor(parts: {
    readonly root: string;
    readonly server: TestServer;
    readonly proxy: FaultProxy;
    readonly store: ObjectStore;
    readonly location: S3Location;
    readonly workload: Workload;
    readonly stack: AsyncDisposableStack;
  }) {
    this.#root = parts.root;
    this.server = parts.server;
    this.proxy = parts.proxy;
    this.store = parts.store;
    this.location = parts.location;
    this.#workload = parts.workload;
    this.#stack = parts.stack;
    this.#agent = this.#startAgent();
  }

  /** Starts it, with a first backup and the load under way. `undefined` where there is no S3 server to be had. */
  static async start(major: number, seed: number): Promise<FaultyCluster | undefined> {
    await using building = new AsyncDisposableStack();
    const s3 = await startMinio();
    if (s3 === undefined) return undefined;
    building.use(s3);
    const root = await mkdtemp(join(tmpdir(), 'walkback-faults-'));
    building.defer(() => rm(root, { recursive: true, force: true }));
    await mkdir(join(root, 'truth'));
    const location = await s3.newBucket({ prefix: 'archive' });
    const proxy = building.use(await FaultProxy.start(s3.endpoint));
    const store = await openStore(location);
    building.defer(() => store.close());
    const push = `PATH=/usr/bin:/bin sh ${quoted(ARCHIVE_SCRIPT)} ${quoted(join(root, 'spool'))} "%p"`;
    const command = `${push} && cp "%p" ${quoted(join(root, 'truth'))}/%f`;
    const settings = {
      archive_mode: 'on',
      archive_command: settingText(command),
      track_commit_timestamp: 'on',
      max_prepared_transactions: 10,
    };
    const server = await startPostgres({ major, root: join(root, 'live'), walSegmentSizeMib: 1, settings });
    building.defer(() => server.stop('immediate'));
    const workload = await openWorkload({ seed, sessions: SESSIONS, connect: () => server.connect() });
    const cluster = new FaultyCluster({ root, server, proxy, store, location, workload, stack: building.move() });
    try {
      await cluster.walkback('backup', 'take');
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    cluster.#writing = cluster.#write();
    return cluster;
  }

  /** What was committed, in order. */
  get commits(): readonly OracleCommit[] {
    return this.#workload.commits;
  }

  /** Writes so many segments more than the load does, and ends the one that is written. */
  async writeMore(segmentCount: number): Promise<void> {
    const message = "pg_logical_emit_message(false, 'load', repeat(md5(random()::text), 32768))";
    await this.server.sql(`SELECT ${message}, pg_switch_wal() FROM generate_series(1, ${segmentCount})`);
    await this.server.sql('SELECT pg_switch_wal()');
  }

  /** Waits until the agent serves the data directory; not for ever, since its store may not let it. */
  async untilAgentServes(): Promise<void> {
    await this.#agent.says(/serving system/, 10_000).catch(() => {});
  }

  /** Kills the agent where it stands, and starts another. */
  async killAgent(): Promise<void> {
    await this.#agent.end('SIGKILL');
    this.#agent = this.#startAgent();
  }

  /** Runs the program beside the store as it is, without faults. */
  async walkback(...args: string[]): Promise<string> {
    const { dataDirectory: PGDATA, socketDirectory: PGHOST } = this.server;
    const variables = { ...archiveEnvironment(this.location, this.location.endpoint ?? ''), PGDATA, PGHOST };
    return runProgram(process.execPath, [join(ROOT, 'src/main.ts'), ...args], variables);
  }

  /** Ends the load, and waits until all that was written is archived, as the server sees it. */
  async settle(): Promise<void> {
    this.#isWriting = false;
    await this.#writing;
    const [row] = await this.server.sql<{ segment: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS segment');
    const status = join(this.server.dataDirectory, 'pg_wal/archive_status');
    const truth = join(this.#root, 'truth');
    await until(
      `all up to ${row?.segment} is archived`,
      async () =>
        (await readdir(truth)).includes(row?.segment ?? '') &&
        !(await readdir(status)).some((name) => name.endsWith('.ready')),
      180_000,
    );
  }

  /** Ends the agent, and a backup that it takes: from then on nothing is pruned while it is looked at. */
  async endAgent(): Promise<void> {
    await this.#agent.end();
    const running = async () => (await listMarked(this.store, new Date())).some(({ isAlive }) => isAlive);
    await until('no backup is being taken', async () => !(await running()), 60_000);
  }

  /** Names and contents of what the server believes to be archived. */
  async *truth(): AsyncGenerator<{ readonly fileName: string; readonly bytes: Buffer }> {
    const folder = join(this.#root, 'truth');
    for (const fileName of (await readdir(folder)).toSorted()) {
      yield { fileName, bytes: await readFile(join(folder, fileName)) };
    }
  }

  async #write(): Promise<void> {
    while (this.#isWriting) {
      await this.#workload.run(5);
      await sleep(20);
    }
    await this.#workload.close();
  }

  #startAgent(): AgentProcess {
    return new AgentProcess({
      dataDirectory: this.server.dataDirectory,
      spool: join(this.#root, 'spool'),
      environment: {
        ...archiveEnvironment(this.location, this.proxy.endpoint),
        PGHOST: this.server.socketDirectory,
        WALKBACK_CHAIN_CHECK_INTERVAL: '1s',
        WALKBACK_BACKUP_AFTER_WAL: AFTER_WAL,
        WALKBACK_KEEP_FULL: '2',
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isWriting = false;
    await this.#writing.catch(() => {});
    await this.#agent.end('SIGKILL');
    await this.#stack.disposeAsync();
  }
}
