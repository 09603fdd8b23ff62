/**
 * Settings of what the agent does beside pushing and fetching.
 *
 * @module
 */

import type { Setting } from './setting.ts';
import { boolean, bytes, duration, listenAddress, schedule } from './value-kind.ts';

/** Settings of the agent's duties. */
export const AGENT_SETTINGS = {
  backupSchedule: {
    group: 'agent',
    kind: schedule,
    summary:
      'When the agent takes backups, as in crontab: minute, hour, day of month, month, day of week, and a zone behind them if wanted (otherwise that of tz, or UTC). One that was missed is made up for; one that another program (wal-g) takes is not taken twice. Absent: none are taken by schedule.',
    example: '30 2 * * *',
    alsoFrom: ['BACKUP_SCHEDULE'],
  },
  backupAfterWal: {
    group: 'agent',
    kind: bytes(16 * 1024 * 1024),
    summary:
      'After how much WAL the agent takes a backup, whatever the schedule says, so that a recovery never has more to replay. Absent: never.',
    example: '64GB',
  },
  backupFromReplica: {
    group: 'agent',
    kind: boolean,
    summary:
      "true: a backup that is due is taken by the agent of a replica that streams; the first one, one that closes a gap in the WAL, and one that no replica begins in time are the leader's. Every member has to be set alike.",
    default: 'false',
    example: 'true',
    alsoFrom: ['WALG_BACKUP_FROM_REPLICA'],
  },
  replicaBackupWait: {
    group: 'agent',
    kind: duration(1000),
    summary: 'How long the agents of replicas may take to begin a backup that is due, before the leader takes it.',
    default: '15min',
    example: '1h',
  },
  chainCheckInterval: {
    group: 'agent',
    kind: duration(1000),
    summary:
      'How often the agent looks for WAL that is missing in the archive behind the newest backup, to push it again from pg_wal.',
    default: '1min',
    example: '5min',
  },
  metricsAddress: {
    group: 'agent',
    kind: listenAddress,
    summary:
      'Where the agent answers /metrics (for Prometheus), /health and /live: a port on the loopback interface, or an address with one. Absent: nowhere.',
    example: '127.0.0.1:9632',
  },
} as const satisfies Record<string, Setting>;
