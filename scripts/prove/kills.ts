/**
 * SIGKILL of the program, and of the program and every server, after each journal line of a recovery and of an undo:
 * each run ends recovered or undone, and never are both data gone.
 *
 * Seed `s` is one case of {@link CASES}, in an order that mixes them; on major 17, and every fifth on 14. Cases of one
 * major share a cluster, each after the other.
 */

import { archiveTail } from '../../src/recovery/archive-tail.ts';
import { stateOf, readJournal } from '../../src/recovery/journal.ts';
import { startRecoverable, type Recoverable } from '../../tests/support/recoverable.ts';
import { runKillCase, runWorker, type Expected, type KillCase } from './kills/kill-case.ts';
import { join } from 'node:path';
import type { Proof, ProofRun } from './proof.ts';

/** Journal lines of a rehearsal with cutover, and of an undo, when nothing interrupts them. */
const RECOVER_LINES = 36;
const UNDO_LINES = 24;

function casesOf(work: KillCase['work'], lines: number, goingOn: KillCase['goingOn']): KillCase[] {
  const whoms = ['self', 'both'] as const;
  return Array.from({ length: lines }, (_, index) =>
    whoms.map((whom) => ({ work, line: index + 1, whom, goingOn })),
  ).flat();
}

/** All of them: every line of both, both kinds of death, gone on with and taken back. */
export const CASES: readonly KillCase[] = [
  ...casesOf('recover', RECOVER_LINES, 'recover'),
  ...casesOf('recover', RECOVER_LINES, 'undo'),
  ...casesOf('undo', UNDO_LINES, 'undo'),
];

/** Coprime to the number of cases, so that all seeds in a row of that length are all cases. */
const STRIDE = 61;

const EXPECTED: Expected = { recovered: 100, before: 5 };

async function disaster(live: Recoverable): Promise<number> {
  await live.server.sql('create table orders (id int primary key); insert into orders select generate_series(1, 100)');
  const [row] = await live.server.sql<{ xid: number }>(
    'with gone as (delete from orders returning 1) select txid_current()::int as xid',
  );
  await live.server.sql('insert into orders select generate_series(201, 205)');
  return row?.xid ?? 0;
}

/** A recovery in the state that the case begins in. */
async function prepare(live: Recoverable, xid: number, given: KillCase): Promise<string> {
  await archiveTail(live.uses);
  const { id } = await live.plan({ kind: 'xid', xid, inclusive: false });
  if (given.work === 'undo') {
    const end = await runWorker(live, id, 'recover', 0, 'self');
    if (end.code !== 0) throw new Error(`cannot prepare the case: ${end.output}`);
  }
  return id;
}

/** Leaves the cluster as it was before the case. */
async function takeBack(live: Recoverable, id: string): Promise<void> {
  const path = join(live.uses.cluster.recoveryFolder(id), 'journal.jsonl');
  if (stateOf(await readJournal(path)) !== 'recovered') return;
  const end = await runWorker(live, id, 'undo', 0, 'self');
  if (end.code !== 0) throw new Error(`cannot take the case back: ${end.output}`);
}

function caseOf(seed: number): KillCase {
  const given = CASES[(seed * STRIDE) % CASES.length];
  if (given === undefined) throw new Error(`no case for seed ${seed}`);
  return given;
}

/** Runs cases on one cluster; how many went wrong. */
async function runOn(major: number, seeds: readonly number[], log: ProofRun['log']): Promise<number> {
  let wrong = 0;
  let live = await startRecoverable({ major });
  let xid = await disaster(live);
  try {
    for (const seed of seeds) {
      const given = caseOf(seed);
      const id = await prepare(live, xid, given);
      const problems = await runKillCase(live, id, given, EXPECTED);
      const text = `${seed}: PostgreSQL ${major}, ${given.work} killed after line ${given.line} (${given.whom}), then ${given.goingOn}`;
      log(`${text}: ${problems.length === 0 ? 'ended well' : problems.join('; ')}`);
      if (problems.length === 0) {
        await takeBack(live, id);
        continue;
      }
      wrong += 1;
      await live[Symbol.asyncDispose]();
      live = await startRecoverable({ major });
      xid = await disaster(live);
    }
  } finally {
    await live[Symbol.asyncDispose]();
  }
  return wrong;
}

/** The proof. */
export const proof: Proof = {
  name: 'kills',
  shows:
    'A recovery and an undo, killed after any journal line, alone or with every server, end recovered or undone, and never are both data gone.',
  defaultCount: 1,
  run: async ({ seed, count, log }) => {
    const seeds = Array.from({ length: count }, (_, index) => seed + index);
    const isOn14 = (one: number): boolean => one % 5 === 4;
    let wrong = 0;
    for (const [major, some] of [
      [17, seeds.filter((one) => !isOn14(one))],
      [14, seeds.filter(isOn14)],
    ] as const) {
      if (some.length > 0) wrong += await runOn(major, some, log);
    }
    return { holds: wrong === 0, figure: `${count} kills of ${CASES.length} cases: ${wrong} did not end well` };
  },
};
