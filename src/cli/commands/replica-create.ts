/**
 * `walkback replica create`: an entry of Patroni's `create_replica_methods`.
 *
 * @module
 */

import { makeReplica, planReplica } from '../../app/create-replica.ts';
import { openArchive } from '../../app/open-archive.ts';
import { Failure } from '../../base/failure.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import type { ReplicaSource } from '../../replica/decide-source.ts';
import { defineCommand } from '../command.ts';
import { anyText, flag, integer, path, text } from '../options.ts';
import { formatBytes } from '../output/format.ts';

/** Spilo's defaults. */
const DEFAULT_MEGABYTES = 102_400;
const DEFAULT_PERCENTAGE = 30;

type FromArchive = Extract<ReplicaSource, { readonly kind: 'archive' }>;

function describe({ backup, walBytes, clusterBytes }: FromArchive): string {
  return `${backup.name} (timeline ${backup.timeline}, from ${formatLsn(backup.startLsn)}): ${formatBytes(walBytes)} of WAL behind it, the cluster has ${formatBytes(clusterBytes)}`;
}

function sourceJson(source: ReplicaSource): object {
  if (source.kind === 'leader') return { source: 'leader', because: source.because };
  const { backup, walBytes, clusterBytes } = source;
  return { source: 'archive', backup: backup.name, timeline: backup.timeline, walBytes, clusterBytes };
}

/** The command. */
export const replicaCreate = defineCommand({
  path: ['replica', 'create'],
  summary: 'Make a replica from the archive, for Patroni',
  description:
    'An entry of create_replica_methods. It takes a backup only if it is of this system and lies on the leader’s line of history, and if that is cheaper than copying from the leader: otherwise it says why and exits with 80, and Patroni goes on with its next method. The data directory appears whole, by one rename. Without a leader (no_leader) the cluster’s keys must tell the same history as the archive; with --follow-archive, for the leader of a standby cluster that has no server to follow, the archive alone tells it.',
  settings: ['archive', 'server', 'recovery'],
  options: {
    datadir: path('The data directory to make; Patroni gives it'),
    connstring: anyText('How the member to copy from is reached; Patroni gives it, empty without a leader', 'CONNINFO'),
    scope: text('The cluster; Patroni gives it', 'SCOPE'),
    role: text('What is made; Patroni gives it', 'ROLE'),
    noLeader: text('Patroni may call it without a leader; Patroni gives it', '1'),
    followArchive: flag(
      'Without a member to copy from: follow the newest line of the archive, as the leader of a standby cluster does',
    ),
    retries: text('Taken for Spilo’s sake: Patroni itself tries again', 'COUNT'),
    thresholdMegabytes: integer('The most WAL behind the backup, in MB; 102400 unless told', 0, 1_000_000_000),
    thresholdBackupSizePercentage: integer(
      'The most WAL behind the backup, in percent of the cluster’s size; 30 unless told',
      0,
      1_000_000,
    ),
    dryRun: flag('Only say where the replica would be made from'),
  },
  examples: [
    {
      line: 'walkback replica create --datadir=/data/pg --connstring="host=db1 user=standby" --dry-run',
      does: 'where from, and why',
    },
  ],
  run: async (given, { settings, signal, reporter }) => {
    const { datadir: dataDirectory, connstring: connectionString = '', dryRun } = given;
    if (dataDirectory === undefined) {
      throw new Failure('usage', {
        message: 'cannot make a replica: --datadir is missing',
        remedy: 'Patroni gives it, unless no_params is set: remove that.',
      });
    }
    await using archive = await openArchive(settings);
    const thresholds = {
      megabytes: given.thresholdMegabytes ?? DEFAULT_MEGABYTES,
      percentage: given.thresholdBackupSizePercentage ?? DEFAULT_PERCENTAGE,
    };
    const patroniConfig = settings.get('patroniConfig');
    const followsArchive = given.followArchive;
    const request = {
      settings,
      archive,
      dataDirectory,
      connectionString,
      patroniConfig,
      followsArchive,
      thresholds,
      signal,
    };
    const source = await planReplica(request);
    if (dryRun) {
      const words = source.kind === 'leader' ? `from the leader: ${source.because}` : `from ${describe(source)}`;
      return { text: () => `${words}\n`, json: sourceJson(source) };
    }
    if (source.kind === 'leader') {
      throw new Failure('refused', {
        message: `cannot make this replica from the archive: ${source.because}`,
        remedy:
          connectionString === ''
            ? 'There is no server to copy from. Put the archive right; or name the server that is followed (STANDBY_HOST), or start a member that has its data.'
            : 'It is copied from the leader: Patroni goes on with its next method.',
      });
    }
    reporter.note(`replica from ${describe(source)}`);
    const report = await makeReplica(request, source, reporter.progress);
    return {
      text: () => `Replica of ${source.backup.name}: ${formatBytes(report.sizeBytes)} in ${dataDirectory}.\n`,
      json: { ...sourceJson(source), sizeBytes: report.sizeBytes, storedBytes: report.storedBytes },
    };
  },
});
