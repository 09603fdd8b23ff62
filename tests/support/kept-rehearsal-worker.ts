/**
 * A rehearsal on a volume in a process of its own, which kills itself at an exact place: at the n-th look at the clock behind a
 * line of the journal. It looks at the clock before it writes each line, and for each report of progress.
 *
 * @module
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { keepRehearsal } from '../../src/kubernetes/volume/keep-rehearsal.ts';
import { parseVolumePlan } from '../../src/kubernetes/volume/volume-plan.ts';
import type { VolumePlaceKind } from '../../src/kubernetes/volume/volume-context.ts';
import { openStore } from '../../src/storage/open.ts';

/** What it is told. */
export interface WorkerTask {
  readonly dataDirectory: string;
  readonly archive: string;
  readonly bin: string;
  readonly plan: string;
  readonly place: VolumePlaceKind;
  /** Lines of the journal, and how often the clock is looked at behind them; `undefined`: it is not killed. */
  readonly killAt: { readonly lines: number; readonly looks: number } | undefined;
}

const task: WorkerTask = JSON.parse(process.argv[2] ?? '{}');
const plan = parseVolumePlan(task.plan, 'argument');
const journal = join(`${task.dataDirectory}.walkback`, plan.id, 'journal.jsonl');
let looks = 0;

function linesNow(): number {
  try {
    return readFileSync(journal, 'utf8').split('\n').length - 1;
  } catch {
    return 0;
  }
}

function now(): Date {
  if (task.killAt !== undefined && linesNow() === task.killAt.lines) {
    looks += 1;
    if (looks === task.killAt.looks) process.kill(process.pid, 'SIGKILL');
  }
  return new Date();
}

const finished = await keepRehearsal(
  {
    dataDirectory: task.dataDirectory,
    place: task.place,
    listens: false,
    store: await openStore({ kind: 'file', path: task.archive }),
    binariesOf: async () => task.bin,
    passwordOf: async () => 'the password of now',
    now,
  },
  { plan, onStatus: (status) => process.stdout.write(`${JSON.stringify(status)}\n`) },
);
process.stdout.write(`${JSON.stringify({ finished })}\n`);
