/**
 * A replica for Patroni: where it is best made from, and making it from the archive.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import type { Settings } from '../config/load-settings.ts';
import { settingsOfConninfo } from '../instance/conninfo.ts';
import { connect, queryText, type ConnectionSettings } from '../instance/connection.ts';
import { readServerPosition } from '../instance/replication-connection.ts';
import { checkReplicaPlace, createReplica } from '../replica/create-replica.ts';
import { decideSource, type LineToFollow, type ReplicaSource, type WalThresholds } from '../replica/decide-source.ts';
import { gatherArchiveFacts } from '../replica/gather-facts.ts';
import type { RestoreReport } from '../restore/restore-backup.ts';
import { networkLimiter } from './network-limiter.ts';
import type { Archive } from './open-archive.ts';
import { lineOfArchive, lineWithoutLeader } from './line-without-leader.ts';
import { restoreConcurrency } from './restore-concurrency.ts';

/** What Patroni asks for. */
export interface ReplicaRequest {
  readonly settings: Settings;
  readonly archive: Archive;
  readonly dataDirectory: string;
  /** How the member to copy from is reached, as libpq has it; empty without a leader. */
  readonly connectionString: string;
  /** Patroni's configuration file, by which the cluster's keys are found when there is no leader. */
  readonly patroniConfig: string | undefined;
  /** Without a leader: follow the archive's newest line and ask no keys. For the leader of a standby cluster. */
  readonly followsArchive: boolean;
  readonly thresholds: WalThresholds;
  readonly signal: AbortSignal;
}

/** All databases that this role may ask for. Patroni connects as the role for replication, which need not see all. */
const CLUSTER_SIZE =
  "select coalesce(sum(pg_database_size(oid)), 0) from pg_database where has_database_privilege(oid, 'CONNECT')";

async function clusterBytes(ways: readonly ConnectionSettings[]): Promise<bigint | undefined> {
  for (const way of ways) {
    const connection = await connect(way).catch(() => undefined);
    if (connection === undefined) continue;
    await using open = connection;
    const bytes = await queryText(open, CLUSTER_SIZE).catch(() => undefined);
    if (bytes !== undefined) return BigInt(bytes);
  }
  return undefined;
}

interface Leader {
  readonly follow: LineToFollow;
  readonly clusterBytes: bigint | undefined;
}

async function readLeader(connectionString: string): Promise<Leader | { readonly because: string }> {
  const ways = await settingsOfConninfo(connectionString);
  const position = await readServerPosition(ways);
  if (position.isReplica) return { because: 'the member to copy from is a replica itself (clonefrom)' };
  return { follow: position, clusterBytes: await clusterBytes(ways) };
}

async function lineToFollow({ archive, patroniConfig, followsArchive, signal }: ReplicaRequest): Promise<LineToFollow> {
  return followsArchive
    ? lineOfArchive(archive.store, signal)
    : lineWithoutLeader(patroniConfig, archive.store, signal);
}

/** Decides; nothing is changed. @throws {Failure} if the leader, the DCS or the archive cannot be asked. */
export async function planReplica(request: ReplicaRequest): Promise<ReplicaSource> {
  const { archive, connectionString, thresholds, signal } = request;
  const leader: Leader | { readonly because: string } =
    connectionString === ''
      ? { follow: await lineToFollow(request), clusterBytes: undefined }
      : await readLeader(connectionString);
  if ('because' in leader) return { kind: 'leader', because: leader.because };
  const facts = await gatherArchiveFacts(archive.store, leader.follow, { signal });
  const source = decideSource({ ...leader, ...facts, thresholds });
  if (source.kind === 'archive') await checkReplicaPlace(request.dataDirectory, source.backup);
  return source;
}

/** Makes the replica as it was decided. @throws {Failure} */
export async function makeReplica(
  { settings, archive, dataDirectory, signal }: ReplicaRequest,
  source: Extract<ReplicaSource, { readonly kind: 'archive' }>,
  onProgress: OnProgress,
): Promise<RestoreReport> {
  const concurrency = restoreConcurrency(settings);
  return createReplica({
    store: archive.store,
    backup: source.backup,
    dataDirectory,
    concurrency,
    limiter: networkLimiter(settings),
    onProgress,
    signal,
  });
}
