/**
 * Whether an agent is well, by its record: what is wrong is named, each with since when.
 *
 * Not every failure is a problem: a push that failed is tried again, and a store is away now and then. It is one when WAL
 * has been waiting, or a duty failing, for longer than that explains.
 *
 * @module
 */

import type { AgentRecord } from './agent-record.ts';
import type { AgentGauges } from './metrics.ts';

/** One thing that is wrong. */
export interface HealthProblem {
  readonly topic: 'server' | 'archiving' | 'chain' | 'duty';
  readonly text: string;
}

const WAITING_MS = 5 * 60_000;
const FAILING_MS = 5 * 60_000;

/** What is wrong; nothing if all is well. */
export function healthProblems(record: AgentRecord, gauges: AgentGauges, nowMs = Date.now()): HealthProblem[] {
  const problems: HealthProblem[] = [];
  if (record.serving === undefined) problems.push({ topic: 'server', text: 'no data directory is served' });
  const { oldestWaitingMs, waitingFiles } = gauges;
  if (oldestWaitingMs !== undefined && nowMs - oldestWaitingMs > WAITING_MS) {
    const [why] = record.pushTroubles.values();
    const because = why === undefined ? '' : `: ${why.message}`;
    const waitedSeconds = Math.floor((nowMs - oldestWaitingMs) / 1000);
    problems.push({ topic: 'archiving', text: `${waitingFiles} files wait, for ${waitedSeconds} s${because}` });
  }
  if (record.chain !== undefined && record.chain.missingCount > 0) {
    problems.push({
      topic: 'chain',
      text: `${record.chain.missingCount} WAL files are missing behind the newest backup`,
    });
  }
  for (const [duty, { message, sinceMs }] of record.dutyTroubles) {
    if (nowMs - sinceMs > FAILING_MS) problems.push({ topic: 'duty', text: `${duty} fails: ${message}` });
  }
  return problems;
}
