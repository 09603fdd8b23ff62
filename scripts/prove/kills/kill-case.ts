/**
 * One case: a recovery or an undo killed after one of its journal lines, then gone on with or taken back by a new process.
 */

import { spawn } from 'node:child_process';
import { join } from 'node:path';

import { controlFileOf } from '../../../src/instance/control-file-of.ts';
import { readJournal, stateOf } from '../../../src/recovery/journal.ts';
import type { Recoverable } from '../../../tests/support/recoverable.ts';

const WORKER = join(import.meta.dirname, 'worker.ts');

/** What is killed when. */
export interface KillCase {
  readonly work: 'recover' | 'undo';
  /** After which journal line. */
  readonly line: number;
  readonly whom: 'self' | 'both';
  /** What the new process does. */
  readonly goingOn: 'recover' | 'undo';
}

interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly output: string;
}

/** Runs the worker to its end. */
export async function runWorker(
  live: Recoverable,
  id: string,
  work: string,
  line: number,
  whom: string,
): Promise<WorkerEnd> {
  const args = [WORKER, live.root, String(live.server.major), id, work, String(line), whom];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, output: Buffer.concat(chunks).toString() }));
  });
}

/** Both the data from before and the recovered data (or what it comes from) must be somewhere, readable. */
async function bothAreThere(live: Recoverable, id: string): Promise<string[]> {
  const { cluster } = live.uses;
  const readable: string[] = [];
  for (const place of ['live', 'rehearsal', 'kept', 'replaced'] as const) {
    const isReadable = await controlFileOf(cluster.placeOf(id, place)).then(
      () => true,
      () => false,
    );
    if (isReadable) readable.push(place);
  }
  const hasOld = readable.includes('live') || readable.includes('kept');
  return hasOld ? [] : [`neither the live data nor the kept is there: ${readable.join(', ')}`];
}

async function rowCount(live: Recoverable): Promise<number> {
  const [row] = await live.server.sql<{ n: number }>('select count(*)::int as n from orders');
  return row?.n ?? -1;
}

/** What each ending must hold. */
export interface Expected {
  readonly recovered: number;
  readonly before: number;
}

/** Runs a case on a recovery in the state it needs. Returns what went wrong, nothing if all is well. */
export async function runKillCase(
  live: Recoverable,
  id: string,
  given: KillCase,
  expected: Expected,
): Promise<string[]> {
  const killed = await runWorker(live, id, given.work, given.line, given.whom);
  const path = join(live.uses.cluster.recoveryFolder(id), 'journal.jsonl');
  const problems = await bothAreThere(live, id);
  if (killed.signal !== 'SIGKILL' && killed.code !== 0) problems.push(`the first run failed: ${killed.output}`);
  const state = stateOf(await readJournal(path));
  const isOver = state === 'recovered' || state === 'undone';
  if (killed.signal === 'SIGKILL' && !isOver) {
    const next = await runWorker(live, id, given.goingOn, 0, 'self');
    if (next.code !== 0) problems.push(`going on failed in state ${state}: ${next.output}`);
  }
  const end = stateOf(await readJournal(path));
  const wanted = { recovered: expected.recovered, undone: expected.before, discarded: expected.before };
  const rows = end === 'recovered' || end === 'undone' || end === 'discarded' ? wanted[end] : undefined;
  if (rows === undefined) return [...problems, `it ended ${end}`];
  // Killed at its last line, or before the cluster was touched: nobody but the one who killed it starts it again.
  if (given.whom === 'both') await live.uses.cluster.start();
  const found = await rowCount(live).catch((error: unknown) => `no answer: ${String(error)}`);
  return found === rows ? problems : [...problems, `${end}, but orders has ${found} rows, not ${rows}`];
}
