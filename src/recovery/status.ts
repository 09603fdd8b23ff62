/**
 * The recoveries of a cluster, from their journals. Needs no lock and changes nothing.
 *
 * @module
 */

import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Cluster, PlaceName } from '../cluster/cluster.ts';
import { isThere } from '../instance/durable-rename.ts';
import { runningPostmaster } from '../instance/postmaster.ts';
import { readJournal, stateOf, type JournalEntry } from './journal.ts';
import { readPlan } from './plan-file.ts';
import type { Plan } from './plan-value.ts';
import type { RecoveryState } from './states.ts';
import type { StepName } from './step-names.ts';

/** One recovery. */
export interface RecoveryStatus {
  readonly id: string;
  readonly plan: Plan;
  readonly state: RecoveryState;
  /** The step that was begun last and has not ended well; `undefined` when none is open. */
  readonly openStep: { readonly step: StepName; readonly failure: string | undefined } | undefined;
  /** Which of its places hold data. */
  readonly places: readonly PlaceName[];
  /** True if the rehearsal's server runs. */
  readonly isRehearsalRunning: boolean;
  readonly entries: readonly JournalEntry[];
}

/** Recoveries that are not over hold data or work to be done. */
export function isUnderWay(state: RecoveryState): boolean {
  return state === 'rehearsing' || state === 'standing' || state === 'cuttingOver' || state === 'undoing';
}

function journalPath(cluster: Cluster, id: string): string {
  return join(cluster.recoveryFolder(id), 'journal.jsonl');
}

function openStepOf(entries: readonly JournalEntry[]): RecoveryStatus['openStep'] {
  const last = entries.findLast((entry) => entry.event !== 'state');
  if (last?.event === 'begin') return { step: last.step, failure: undefined };
  return last?.event === 'failed' ? { step: last.step, failure: last.message } : undefined;
}

/** One recovery. @throws {Failure} `usage` if there is none with this id. */
export async function recoveryStatus(cluster: Cluster, id: string): Promise<RecoveryStatus> {
  const plan = await readPlan(cluster, id);
  const entries = await readJournal(journalPath(cluster, id));
  const present = await Promise.all(
    (['rehearsal', 'kept', 'replaced'] as const).map(async (place) =>
      (await cluster.isPresent(id, place)) ? [place] : [],
    ),
  );
  return {
    id,
    plan,
    state: stateOf(entries),
    openStep: openStepOf(entries),
    places: present.flat(),
    isRehearsalRunning: (await runningPostmaster(cluster.placeOf(id, 'rehearsal'))) !== undefined,
    entries,
  };
}

async function recoveryIds(cluster: Cluster): Promise<string[]> {
  const names = await readdir(cluster.recoveriesFolder).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{4,16}$/.test(name));
}

/**
 * The recoveries whose swap, forth or back, has begun and is not finished; from their journals alone.
 *
 * @throws {Failure} `corrupt` if one cannot be read.
 */
export async function unfinishedSwaps(cluster: Cluster): Promise<string[]> {
  const ids = await recoveryIds(cluster);
  const states = await Promise.all(ids.map(async (id) => stateOf(await readJournal(journalPath(cluster, id)))));
  return ids.filter((_, index) => states[index] === 'cuttingOver' || states[index] === 'undoing');
}

/**
 * All recoveries, newest plan first. A folder without a plan (its maker was killed before it was written) is none.
 *
 * @throws {Failure} `corrupt` if a plan or journal cannot be read: whoever asks must not think that all is well.
 */
export async function listRecoveries(cluster: Cluster): Promise<RecoveryStatus[]> {
  const ids = await recoveryIds(cluster);
  const hasPlan = await Promise.all(ids.map((id) => isThere(join(cluster.recoveryFolder(id), 'plan.json'))));
  const found = await Promise.all(ids.filter((_, index) => hasPlan[index]).map((id) => recoveryStatus(cluster, id)));
  return found.toSorted((a, b) => (a.plan.createdAt < b.plan.createdAt ? 1 : -1));
}
