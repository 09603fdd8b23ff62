/**
 * An agent's record as metrics, in the text format that Prometheus reads.
 *
 * Names follow its conventions: `walkback_` first, base units (bytes, seconds), `_total` for what only grows. A metric whose
 * value is not known yet is left out, not zero.
 *
 * Source: Prometheus, "Exposition formats" (text format 0.0.4) and "Metric and label naming".
 *
 * @module
 */

import type { AgentRecord } from './agent-record.ts';

/** What is looked up when somebody asks. */
export interface AgentGauges {
  /** Files that wait to be archived. */
  readonly waitingFiles: number;
  /** When the oldest of them was ready, milliseconds since the Unix epoch. */
  readonly oldestWaitingMs: number | undefined;
  readonly version: string;
}

interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number | undefined;
}

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000);

function labelText(labels: Readonly<Record<string, string>>): string {
  const escaped = (text: string) => text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** One metric, or nothing if none of its samples has a value. */
function metric(name: string, type: 'counter' | 'gauge', help: string, samples: readonly Sample[]): string {
  const lines = samples.flatMap(({ labels = {}, value }) =>
    value === undefined ? [] : [`walkback_${name}${labelText(labels)} ${value}\n`],
  );
  if (lines.length === 0) return '';
  return `# HELP walkback_${name} ${help}\n# TYPE walkback_${name} ${type}\n${lines.join('')}`;
}

const one = (value: number | undefined): readonly Sample[] => [{ value }];

function walMetrics(record: AgentRecord, gauges: AgentGauges, nowMs: number): string[] {
  const { oldestWaitingMs } = gauges;
  const waitedMs = oldestWaitingMs === undefined ? 0 : Math.max(0, nowMs - oldestWaitingMs);
  const answers = [...record.answers].map(([code, value]) => ({ labels: { exit_code: String(code) }, value }));
  return [
    metric('wal_pushed_files_total', 'counter', 'WAL files that the archive has confirmed.', one(record.pushedFiles)),
    metric('wal_pushed_bytes_total', 'counter', 'Bytes of them as they are stored.', one(record.pushedBytes)),
    metric('wal_push_failures_total', 'counter', 'Pushes that failed; each is tried again.', one(record.pushFailures)),
    metric(
      'wal_last_pushed_timestamp_seconds',
      'gauge',
      'When the last WAL file was pushed.',
      one(seconds(record.lastPushedMs)),
    ),
    metric('wal_waiting_files', 'gauge', 'WAL files that are ready and not archived.', one(gauges.waitingFiles)),
    metric('wal_waiting_seconds', 'gauge', 'How long the oldest of them has been waiting.', one(waitedMs / 1000)),
    metric('wal_fetched_files_total', 'counter', 'WAL files fetched for recovery.', one(record.fetchedFiles)),
    metric('wal_restore_answers_total', 'counter', 'Answers to restore_command, by exit code.', answers),
    metric(
      'wal_indexes_stored_total',
      'counter',
      'Indexes of WAL segments that were stored.',
      one(record.indexesStored),
    ),
  ];
}

function chainMetrics({ chain, window, healedFiles, lostFiles }: AgentRecord): string[] {
  return [
    metric(
      'chain_segments',
      'gauge',
      'WAL segments in the archive from the newest backup on.',
      one(chain?.segmentCount),
    ),
    metric(
      'chain_missing_files',
      'gauge',
      'WAL files missing there, in the archive and in pg_wal.',
      one(chain?.missingCount),
    ),
    metric('chain_checked_timestamp_seconds', 'gauge', 'When that was looked at.', one(seconds(chain?.atMs))),
    metric(
      'window_missing_files',
      'gauge',
      'WAL files missing from the oldest backup on, in the archive and in pg_wal.',
      one(window?.missingCount),
    ),
    metric('window_checked_timestamp_seconds', 'gauge', 'When that was looked at.', one(seconds(window?.atMs))),
    metric('chain_healed_files_total', 'counter', 'Missing WAL files pushed again from pg_wal.', one(healedFiles)),
    metric('chain_lost_files_total', 'counter', 'WAL files found missing in both places.', one(lostFiles)),
  ];
}

function backupMetrics(record: AgentRecord): string[] {
  const { lastBackup: last } = record;
  return [
    metric('backups_total', 'counter', 'Backups that this agent took.', one(record.backupsTaken)),
    metric(
      'backup_last_success_timestamp_seconds',
      'gauge',
      'When the newest backup of the archive was finished, whoever took it.',
      one(seconds(last?.atMs)),
    ),
    metric('backup_last_stored_bytes', 'gauge', 'Its size, as it is stored.', one(last?.storedBytes)),
    metric('backup_last_duration_seconds', 'gauge', 'How long it took.', one(seconds(last?.durationMs))),
    metric(
      'backup_running',
      'gauge',
      '1 while one is being taken.',
      one(Number(record.backupRunningSinceMs !== undefined)),
    ),
    metric(
      'backup_next_timestamp_seconds',
      'gauge',
      'When the next one is due by schedule.',
      one(seconds(record.nextBackupMs)),
    ),
    metric('prunings_total', 'counter', 'How often this agent pruned.', one(record.prunings)),
    metric('pruned_backups_total', 'counter', 'Backups that it pruned.', one(record.prunedBackups)),
    metric('pruned_wal_segments_total', 'counter', 'WAL segments that it pruned.', one(record.prunedSegments)),
    metric('prune_last_timestamp_seconds', 'gauge', 'When it last pruned.', one(seconds(record.lastPrunedMs))),
    metric('frozen', 'gauge', '1 while the archive is frozen: nothing is pruned.', one(Number(record.isFrozen))),
  ];
}

function agentMetrics(record: AgentRecord, { version }: AgentGauges): string[] {
  const { serving, standing } = record;
  const served = serving && {
    system_identifier: serving.systemIdentifier.toString(),
    timeline: serving.timeline.toString(),
  };
  const failures = [...record.dutyFailures].map(([duty, value]) => ({ labels: { duty }, value }));
  const failing = [...record.dutyFailures.keys()].map((duty) => ({
    labels: { duty },
    value: Number(record.dutyTroubles.has(duty)),
  }));
  const memory = process.memoryUsage.rss();
  const { user, system } = process.cpuUsage();
  return [
    metric('build_info', 'gauge', 'The version of this agent.', [
      { labels: { version, node: process.versions.node }, value: 1 },
    ]),
    metric('agent_start_timestamp_seconds', 'gauge', 'When this agent started.', one(seconds(record.startedAtMs))),
    metric('agent_serving', 'gauge', '1 while it serves a data directory.', [
      { labels: served ?? {}, value: Number(serving !== undefined) },
    ]),
    metric(
      'agent_holds_lease',
      'gauge',
      '1 while it takes backups, heals and prunes.',
      one(Number(standing === 'held')),
    ),
    metric('agent_others', 'gauge', 'Other agents that were seen on the archive.', one(record.otherAgents)),
    metric('agent_duty_failures_total', 'counter', 'Failures of its duties; each is tried again.', failures),
    metric('agent_duty_failing', 'gauge', '1 while a duty fails.', failing),
    metric('agent_resident_memory_bytes', 'gauge', 'Memory of this process.', one(memory)),
    metric('agent_cpu_seconds_total', 'counter', 'CPU time of this process.', one((user + system) / 1e6)),
  ];
}

/** All metrics, ending with a newline. */
export function metricsText(record: AgentRecord, gauges: AgentGauges, nowMs = Date.now()): string {
  return [
    ...agentMetrics(record, gauges),
    ...walMetrics(record, gauges, nowMs),
    ...chainMetrics(record),
    ...backupMetrics(record),
  ].join('');
}
