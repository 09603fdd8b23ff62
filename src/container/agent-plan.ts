/**
 * What the agent does by itself: backups on a schedule, and pruning by what BACKUP_NUM_TO_RETAIN promises.
 *
 * Spilo keeps that many backups, but at least two, and none goes before it is that many days old: a number and a window
 * alike. The agent keeps as many full backups, and every moment of as many days.
 *
 * Source: Spilo `postgres_backup.sh`, `configure_spilo.py` (`write_crontab`).
 *
 * @module
 */

import { parseCronSchedule } from '../base/cron-schedule.ts';
import type { PlannedAgent } from './container-plan.ts';
import type { Reading } from './reading.ts';

const LEAST = 2;

function schedule(reading: Reading): string {
  const text = reading.get('BACKUP_SCHEDULE') ?? '0 1 * * *';
  if (parseCronSchedule(text) !== undefined) return text;
  reading.refuse({
    of: 'BACKUP_SCHEDULE',
    found: `${JSON.stringify(text)} is no schedule`,
    remedy: 'Write minute, hour, day of month, month and day of week as in crontab, such as "0 1 * * *" (UTC).',
  });
  return text;
}

/** The plan of its duties. */
export function planAgent(reading: Reading): PlannedAgent {
  const count = Math.max(LEAST, reading.integer('BACKUP_NUM_TO_RETAIN', 0, 36_525) ?? 5);
  const isFromReplica = reading.boolean('WALG_BACKUP_FROM_REPLICA') ?? false;
  return { backupSchedule: schedule(reading), isFromReplica, keepFull: count, keepDays: count };
}

/** The same as settings of walkback's; those that somebody sets by their own names stay. */
export function agentVariables(reading: Reading, agent: PlannedAgent): Readonly<Record<string, string>> {
  const own = {
    WALKBACK_BACKUP_SCHEDULE: agent.backupSchedule,
    ...(agent.isFromReplica ? { WALKBACK_BACKUP_FROM_REPLICA: 'true' } : {}),
    WALKBACK_KEEP_FULL: String(agent.keepFull),
    WALKBACK_KEEP_WINDOW: `${agent.keepDays}d`,
  };
  return Object.fromEntries(Object.entries(own).filter(([name]) => reading.get(name) === undefined));
}
