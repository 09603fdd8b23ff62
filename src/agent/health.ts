/**
 * Whether an agent is well, by its record: what is wrong is named, each with since when; and what is to be known of its
 * archive, well or not.
 *
 * Not every failure is a problem: a push that failed is tried again, and a store is away now and then. It is one when WAL
 * has been waiting, or a duty failing, for longer than that explains.
 *
 * @module
 */

import { latestTime, type CronSchedule } from '../base/cron-schedule.ts';
import type { AgentRecord } from './agent-record.ts';
import { describeAgent } from './lease-term.ts';
import type { AgentGauges } from './metrics.ts';

/** One thing that is wrong. */
export interface HealthProblem {
  readonly topic: 'server' | 'archiving' | 'lease' | 'chain' | 'backup' | 'duty';
  readonly text: string;
}

/** One thing to know, whether all is well or not. */
export interface HealthStatement {
  readonly topic: 'backup' | 'window';
  readonly text: string;
}

/** What is promised of backups. */
export interface BackupPromise {
  /** Without one nothing is promised. */
  readonly schedule: CronSchedule | undefined;
  /** For a schedule that names none. */
  readonly zone: string;
  /** How old the newest may be. */
  readonly dueMs: number;
}

const WAITING_MS = 5 * 60_000;
const FAILING_MS = 5 * 60_000;
/** A holder whose host is gone is waited for less long, where terms may be deleted. */
const ELSEWHERE_MS = 5 * 60_000;

/** What is wrong; nothing if all is well. */
export function healthProblems(
  record: AgentRecord,
  gauges: AgentGauges,
  promise: BackupPromise,
  nowMs = Date.now(),
): HealthProblem[] {
  const problems: HealthProblem[] = [];
  if (record.serving === undefined) problems.push({ topic: 'server', text: 'no data directory is served' });
  const { oldestWaitingMs, waitingFiles } = gauges;
  if (oldestWaitingMs !== undefined && nowMs - oldestWaitingMs > WAITING_MS) {
    const [why] = record.pushTroubles.values();
    const because = why === undefined ? '' : `: ${why.message}`;
    const waitedSeconds = Math.floor((nowMs - oldestWaitingMs) / 1000);
    problems.push({ topic: 'archiving', text: `${waitingFiles} files wait, for ${waitedSeconds} s${because}` });
  }
  const left = leaseProblem(record, nowMs);
  if (left !== undefined) problems.push({ topic: 'lease', text: left });
  if (record.chain !== undefined && record.chain.missingCount > 0) {
    problems.push({
      topic: 'chain',
      text: `${record.chain.missingCount} WAL files are missing behind the newest backup`,
    });
  }
  const overdue = backupProblem(record, promise, nowMs);
  if (overdue !== undefined) problems.push({ topic: 'backup', text: overdue });
  for (const [duty, { message, sinceMs }] of record.dutyTroubles) {
    if (nowMs - sinceMs > FAILING_MS) problems.push({ topic: 'duty', text: `${duty} fails: ${message}` });
  }
  return problems;
}

/** That an agent has the archive, for long, whose server was a primary before this one's was promoted. */
function leaseProblem({ leftBehind }: AgentRecord, nowMs: number): string | undefined {
  if (leftBehind === undefined || nowMs - leftBehind.sinceMs <= ELSEWHERE_MS) return undefined;
  const { holder, holderTimeline, timeline, sinceMs } = leftBehind;
  const where = holderTimeline === undefined ? 'a timeline that it does not say' : `timeline ${holderTimeline}`;
  const waitedSeconds = Math.floor((nowMs - sinceMs) / 1000);
  return `${describeAgent(holder)} has the archive, with a server on ${where}; this one waits for it, for ${waitedSeconds} s, with a primary on timeline ${timeline}. Is that server no primary any more, end that agent, or wait until its term is over if its host is gone; then update it, if it is older than this one`;
}

/**
 * That a backup should be there and is not. An agent that takes one, or was about to a moment ago, keeps what it promised.
 *
 * The age is judged as `walkback status` does it; but a schedule may leave more time between two than that.
 */
function backupProblem(
  { newest, backupRunningSinceMs }: AgentRecord,
  { schedule, zone, dueMs }: BackupPromise,
  nowMs: number,
): string | undefined {
  if (schedule === undefined || newest === undefined) return undefined;
  if (backupRunningSinceMs !== undefined) return hangingProblem(nowMs - backupRunningSinceMs, dueMs);
  const { backup, sinceMs } = newest;
  if (backup === undefined) {
    return nowMs - sinceMs > FAILING_MS ? 'there is no backup, and they are scheduled' : undefined;
  }
  const scheduledMs = latestTime(schedule, zone, nowMs);
  const isMissed = scheduledMs !== undefined && backup.startedMs < scheduledMs && nowMs - scheduledMs > FAILING_MS;
  const ageMs = nowMs - backup.finishedMs;
  if (!isMissed || ageMs <= dueMs) return undefined;
  const age = Math.floor(ageMs / 1000);
  return `the newest backup, ${backup.name}, is ${age} s old, and one was due at ${new Date(scheduledMs).toISOString()}`;
}

/** One that is taken may be late; one that takes longer than backups may be old hangs, on a disk or in a store, until somebody looks. */
function hangingProblem(runningMs: number, dueMs: number): string | undefined {
  if (runningMs <= dueMs) return undefined;
  return `a backup has been running for ${Math.floor(runningMs / 1000)} s`;
}

/** What is to be known of the archive, as far as this agent looks after it. */
export function healthStatements({ newest, window }: AgentRecord, nowMs = Date.now()): HealthStatement[] {
  const statements: HealthStatement[] = [];
  if (newest !== undefined) {
    const { backup } = newest;
    const text =
      backup === undefined
        ? 'there is none'
        : `the newest, ${backup.name}, was finished at ${new Date(backup.finishedMs).toISOString()}, ${Math.floor((nowMs - backup.finishedMs) / 1000)} s ago`;
    statements.push({ topic: 'backup', text });
  }
  if (window !== undefined) {
    const { backupName, missingCount, firstMissing } = window;
    const text =
      firstMissing === undefined
        ? `no WAL is missing from the oldest backup on, ${backupName}`
        : `${missingCount} WAL files are missing from the oldest backup on, ${backupName}; the first is ${firstMissing}`;
    statements.push({ topic: 'window', text });
  }
  return statements;
}
