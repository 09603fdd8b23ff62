/**
 * What a plan needs to know of the live cluster, asked of the pod that takes writes.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { queryText, type Connection } from '../../instance/connection.ts';
import { writtenTimeline } from '../../instance/written-timeline.ts';
import type { PlanFacts } from '../../recovery/facts.ts';
import type { LookedAtCluster } from '../../recovery/gather-facts.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { connectToPod, type PodServer } from './pod-server.ts';
import type { Subject } from './subject.ts';

/**
 * Variables may name an application's user where this image has another rule: a recovery would fail half way for want of rights.
 *
 * @throws {Failure} `refused`.
 */
async function checkSuperuser(connection: Connection, name: string): Promise<void> {
  if ((await queryText(connection, 'show is_superuser')) === 'on') return;
  throw new Failure('refused', {
    message: `cannot plan a recovery of ${name}: ${connection.settings.user}, as whom its server is asked, is no superuser`,
    remedy:
      'Name the superuser, and the password, in the variables PGUSER_SUPERUSER and PGPASSWORD_SUPERUSER of the container of the database.',
  });
}

const CONTROL = `select (select system_identifier::text from pg_control_system()) as system,
  current_setting('server_version_num') as version, current_setting('wal_level') as wal_level,
  current_setting('max_connections') as max_connections, current_setting('max_worker_processes') as max_worker_processes,
  current_setting('max_wal_senders') as max_wal_senders, current_setting('max_prepared_transactions') as max_prepared_transactions,
  current_setting('max_locks_per_transaction') as max_locks_per_transaction`;

function walLevelOf(text: string | null | undefined): PlanFacts['control']['walLevel'] {
  return text === 'logical' || text === 'minimal' ? text : 'replica';
}

/** What the control file says, as the server tells it. */
async function controlOf(connection: Connection): Promise<PlanFacts['control']> {
  const [row = {}] = await connection.query(CONTROL);
  const number = (name: string): number => Number(row[name]);
  return {
    systemIdentifier: BigInt(row['system'] ?? '0'),
    majorVersion: Math.floor(number('version') / 10_000),
    timeline: await writtenTimeline(connection),
    walLevel: walLevelOf(row['wal_level']),
    required: {
      maxConnections: number('max_connections'),
      maxWorkerProcesses: number('max_worker_processes'),
      maxWalSenders: number('max_wal_senders'),
      maxPreparedTransactions: number('max_prepared_transactions'),
      maxLocksPerTransaction: number('max_locks_per_transaction'),
    },
  };
}

/** Bytes that the live volume has free; `undefined` if that cannot be told. */
async function freeBytesOf(api: KubernetesApi, { live }: Subject, pod: string): Promise<bigint | undefined> {
  const outcome = await api.exec(pod, live.container, [
    'sh',
    '-c',
    'df -Pk "$1" | tail -n 1',
    'sh',
    live.dataDirectory,
  ]);
  const kibibytes = outcome.stdout.trim().split(/\s+/).at(3);
  return outcome.exitCode === 0 && /^\d+$/.test(kibibytes ?? '') ? BigInt(kibibytes ?? '0') * 1024n : undefined;
}

/** Room is judged by the way that is chosen, once it is known how much is needed. */
const ANY_ROOM_BYTES = 2n ** 62n;

/** The live data, however they were looked at. */
export interface LookedAtLive {
  /** The pod of the member whose data count. */
  readonly pod: string;
  readonly cluster: LookedAtCluster;
  /** Of its volume; `undefined`: that could not be looked at. */
  freeBytes(): Promise<bigint | undefined>;
}

/** What a plan is told of a cluster in a namespace. */
export function clusterIn(
  namespace: string,
  subject: Subject,
  state: LookedAtCluster['cluster']['state'],
): LookedAtCluster['cluster'] {
  const name = subject.statefulSet.metadata?.name ?? '';
  return {
    name: `${namespace}/${name}`,
    kind: 'kubernetes',
    dataDirectory: subject.live.dataDirectory,
    recoveriesFolder: `a claim in ${namespace}`,
    problems: [],
    freeBytes: ANY_ROOM_BYTES,
    state,
    walFolder: undefined,
    isWalMounted: false,
    isReplica: false,
    commands: {
      stop: `scale StatefulSet ${name} to 0`,
      start: `scale StatefulSet ${name} to 1, then to as many as before`,
    },
    patroni: undefined,
  };
}

/** They are Patroni's, or mounted: nothing of them is in the data directory alone. */
export const noConfigurationFiles = async (): Promise<readonly string[]> => [];

/** Asks the pod that takes writes. @throws {Failure} as a connection does; `refused` if it is not asked as a superuser. */
export async function lookAtLeader(server: PodServer, subject: Subject, leader: string): Promise<LookedAtLive> {
  const { api } = server.uses;
  const connect = async (): Promise<Connection> => connectToPod(server, leader);
  await using connection = await connect();
  const cluster = clusterIn(api.where.namespace, subject, 'running');
  await checkSuperuser(connection, cluster.name);
  return {
    pod: leader,
    cluster: {
      control: await controlOf(connection),
      cluster,
      connect,
      configurationFiles: noConfigurationFiles,
    },
    freeBytes: async () => freeBytesOf(api, subject, leader).catch(() => undefined),
  };
}
