/**
 * A real Patroni cluster for tests: members, etcd, archive, all on the loopback interface in one folder.
 *
 * @module
 */

import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { programFolder, until } from '../archived-cluster.ts';
import { freePort } from '../programs.ts';
import { ensureEtcd, EtcdServers, type EtcdVersion } from './etcd.ts';
import { ensurePatroni, type PatroniPrograms, type PatroniVersion } from './install-patroni.ts';
import { ensureWholePostgres, type WholeMajor } from './install-postgres.ts';
import type { ConfigMap, SharedConfig } from './member-config.ts';
import { PatroniMember } from './patroni-member.ts';
import { endAllOf, killAllOf } from './processes.ts';

/** What a test cluster should be like. */
export interface PatroniClusterOptions {
  /** 3 */
  readonly members?: number;
  /** 4.1 */
  readonly patroni?: PatroniVersion;
  /** 3.5 */
  readonly etcd?: EtcdVersion;
  /** 1 */
  readonly etcdMembers?: number;
  /** 16; there are whole servers of 15 (where Debian's is installed), 16 and 18. */
  readonly major?: WholeMajor;
  /** `shop` */
  readonly scope?: string;
  /** 1 */
  readonly walSegmentSizeMib?: number;
  readonly isSynchronous?: boolean;
  /** Laid over `bootstrap.dcs`. */
  readonly dynamic?: ConfigMap;
  /** Laid over each member's `patroni.yml`. */
  readonly overrides?: ConfigMap;
  /** More variables for Patroni, PostgreSQL and their commands. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Starts walkback's agent beside each member, once it has data. Without one, archive_command starts walkback for each file. */
  readonly hasAgents?: boolean;
  /** Nothing but etcd is started: members are, by the test. */
  readonly isLeftStopped?: boolean;
}

/** A test cluster. Disposing ends all its processes and removes its folder. */
export class PatroniTestCluster implements AsyncDisposable {
  readonly root: string;
  readonly scope: string;
  /** The folder that it archives into. */
  readonly archive: string;
  readonly etcd: EtcdServers;
  readonly members: readonly PatroniMember[];
  readonly programs: PatroniPrograms;
  readonly major: WholeMajor;
  readonly #killAll: () => void;

  constructor(
    given: Pick<PatroniTestCluster, 'root' | 'scope' | 'archive' | 'etcd' | 'members' | 'programs' | 'major'>,
  ) {
    this.root = given.root;
    this.scope = given.scope;
    this.archive = given.archive;
    this.etcd = given.etcd;
    this.members = given.members;
    this.programs = given.programs;
    this.major = given.major;
    this.#killAll = () => killAllOf(given.root);
    process.on('exit', this.#killAll);
  }

  member(name: string): PatroniMember {
    const found = this.members.find((member) => member.name === name);
    if (found === undefined) throw new Error(`the cluster has no member ${name}`);
    return found;
  }

  /** The member that holds the lock now; `undefined` if none does. */
  async leaderNow(): Promise<PatroniMember | undefined> {
    const answers = await Promise.all(this.members.map(async (member) => member.isLeader()));
    return this.members.find((_, index) => answers[index]);
  }

  /** The leader; waits for one. */
  async leader(timeoutMs = 90_000): Promise<PatroniMember> {
    let found: PatroniMember | undefined;
    await this.#until('there is a leader', async () => (found = await this.leaderNow()) !== undefined, timeoutMs);
    if (found === undefined) throw new Error('there is no leader');
    return found;
  }

  /** The members that do not hold the lock. */
  async replicas(): Promise<PatroniMember[]> {
    const leader = await this.leader();
    return this.members.filter((member) => member !== leader);
  }

  /**
   * Waits until one of the given members (all of them otherwise) leads and the others stream from it on its timeline,
   * by the word of PostgreSQL itself. @returns the leader.
   */
  async untilHealthy(members = this.members, timeoutMs = 120_000): Promise<PatroniMember> {
    let leader: PatroniMember | undefined;
    await this.#until(
      `${members.map(({ name }) => name).join(', ')} are well`,
      async () => {
        leader = await this.leaderNow();
        return leader !== undefined && members.includes(leader) && (await areStreaming(leader, members));
      },
      timeoutMs,
    );
    if (leader === undefined) throw new Error('there is no leader');
    return leader;
  }

  /** What every member has said lately, for messages of tests that fail. */
  async logTails(lines = 30): Promise<string> {
    const texts = this.members.map(async (member) => {
      const text = await member.log();
      return `== ${member.name}\n${text.split('\n').slice(-lines).join('\n')}`;
    });
    return (await Promise.all(texts)).join('\n');
  }

  async #until(what: string, condition: () => Promise<boolean>, timeoutMs: number): Promise<void> {
    // Each look is a request and a connection of every member.
    await until(what, condition, timeoutMs, 500).catch(async (error: unknown) => {
      throw new Error(`${String(error)}\n${await this.logTails()}`, { cause: error });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off('exit', this.#killAll);
    await endAllOf(this.root);
    await rm(this.root, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** True if all but the leader receive its WAL on its timeline. */
async function areStreaming(leader: PatroniMember, members: readonly PatroniMember[]): Promise<boolean> {
  // Not from the control file: after a promotion that has the old timeline until the next checkpoint.
  const name = 'pg_walfile_name(pg_current_wal_insert_lsn())';
  const timeline = `SELECT ('x' || left(${name}, 8))::bit(32)::int AS timeline`;
  const [own] = await leader.sql<{ timeline: number }>(timeline).catch(() => []);
  const receiver = 'SELECT received_tli AS timeline FROM pg_stat_wal_receiver WHERE status = $$streaming$$';
  const others = members
    .filter((member) => member !== leader)
    .map((member) => member.sql<{ timeline: number }>(receiver).catch(() => []));
  const found = await Promise.all(others);
  return own !== undefined && found.every(([row]) => row?.timeline === own.timeline);
}

async function makeMembers(
  options: PatroniClusterOptions,
  given: { root: string; shared: SharedConfig; programs: PatroniPrograms; environment: Record<string, string> },
): Promise<PatroniMember[]> {
  const members: PatroniMember[] = [];
  for (let number = 1; number <= (options.members ?? 3); number += 1) {
    const name = `member${number}`;
    const ports = { restPort: await freePort(), postgresPort: await freePort() };
    const place = { name, root: join(given.root, name), ...ports };
    const member = new PatroniMember({ ...given, place });
    await member.prepare();
    members.push(member);
  }
  return members;
}

async function startMembers(cluster: PatroniTestCluster, options: PatroniClusterOptions): Promise<void> {
  // The first one makes the cluster: member1 leads at the beginning.
  const [first, ...others] = cluster.members;
  first?.start();
  await cluster.leader();
  for (const member of others) member.start();
  await cluster.untilHealthy();
  if (options.hasAgents === true) for (const member of cluster.members) member.startAgent();
}

/** Starts a cluster and waits until it is well. `undefined`, and said so, where a part of it cannot be had. */
export async function startPatroniCluster(
  options: PatroniClusterOptions = {},
): Promise<PatroniTestCluster | undefined> {
  const { major = 16, etcd: etcdLine = '3.5', scope = 'shop' } = options;
  const programs = await ensurePatroni(options.patroni ?? '4.1');
  const etcdProgram = await ensureEtcd(etcdLine);
  const bin = await ensureWholePostgres(major);
  if (programs === undefined || etcdProgram === undefined || bin === undefined) return undefined;
  const root = await mkdtemp(join(tmpdir(), 'walkback-patroni-'));
  const archive = join(root, 'archive');
  await mkdir(archive);
  const etcd = await EtcdServers.start(etcdLine, etcdProgram, join(root, 'etcd'), options.etcdMembers ?? 1);
  const environment = {
    PATH: `${await programFolder(root)}:${process.env['PATH'] ?? ''}`,
    WALKBACK_ARCHIVE: `file://${archive}`,
    ...options.environment,
  };
  const shared = {
    scope,
    etcdHosts: etcd.hosts,
    bin,
    walSegmentSizeMib: options.walSegmentSizeMib ?? 1,
    isSynchronous: options.isSynchronous ?? false,
    dynamic: options.dynamic ?? {},
    overrides: options.overrides ?? {},
  };
  const members = await makeMembers(options, { root, shared, programs, environment });
  const cluster = new PatroniTestCluster({ root, scope, archive, etcd, members, programs, major });
  try {
    if (options.isLeftStopped !== true) await startMembers(cluster, options);
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}
