/**
 * What a plan needs to know of the live cluster: asked of the pod that takes writes.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import type { Connection } from '../../instance/connection.ts';
import type { PlanFacts } from '../../recovery/facts.ts';
import type { LookedAtCluster } from '../../recovery/gather-facts.ts';
import type { KubernetesApi } from '../api/kubernetes-api.ts';
import { connectToPod, timelineOf, type PodServer } from './pod-server.ts';
import type { Subject } from './subject.ts';

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
    timeline: await timelineOf(connection),
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
export async function freeBytesOf(api: KubernetesApi, { live }: Subject, pod: string): Promise<bigint | undefined> {
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

/** Looks. @throws {Failure} `refused` if no pod takes writes, or as a connection does. */
export async function lookAtLive(
  server: PodServer,
  subject: Subject,
  leader: string | undefined,
): Promise<LookedAtCluster> {
  const name = subject.statefulSet.metadata?.name ?? '';
  const { namespace } = server.uses.api.where;
  if (leader === undefined) {
    throw new Failure('refused', {
      message: `cannot plan a recovery of ${namespace}/${name}: no pod of it takes writes now`,
      remedy: 'Start it first, if it can be started; what its members say is in their logs.',
    });
  }
  const connect = async (): Promise<Connection> => connectToPod(server, leader);
  await using connection = await connect();
  return {
    control: await controlOf(connection),
    cluster: {
      name: `${namespace}/${name}`,
      kind: 'kubernetes',
      dataDirectory: subject.live.dataDirectory,
      recoveriesFolder: `a claim in ${namespace}`,
      problems: [],
      freeBytes: ANY_ROOM_BYTES,
      state: 'running',
      walFolder: undefined,
      isWalMounted: false,
      isReplica: false,
      commands: {
        stop: `scale StatefulSet ${name} to 0`,
        start: `scale StatefulSet ${name} to 1, then to as many as before`,
      },
      patroni: undefined,
    },
    connect,
    // They are Patroni's, or mounted: nothing of them is in the data directory alone.
    configurationFiles: async () => [],
  };
}
