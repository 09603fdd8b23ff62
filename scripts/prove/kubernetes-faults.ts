/**
 * SIGKILL of walkback at every step of a recovery in a namespace, and of its undo, by each way; and faults of bad days: of the API,
 * of pods, of other hands, of the machines. After each `status` says what is so, going on or an undo works from there, and the
 * data from before and the recovered data are never gone, as seen on the volumes from outside.
 *
 * Seeds from 0 are the steps, in the order of `kubernetes-faults/cases.ts`: all gone on with, then all taken back; those behind them
 * are the faults, and of each round of them the last are of the whole bed. Seeds in a row share what can be shared: a cluster, and a
 * recovery that is killed at one step after the other.
 *
 * @module
 */

import { startBed, type Bed } from '../../tests/support/kubernetes/bed.ts';
import { groupsOf, wordsOf, type Case } from './kubernetes-faults/cases.ts';
import { giveBack, saidBy } from './kubernetes-faults/end-case.ts';
import { runFaultCase } from './kubernetes-faults/fault-case.ts';
import { FaultScene } from './kubernetes-faults/fault-scene.ts';
import { FAULTS } from './kubernetes-faults/faults.ts';
import { runKillGroup } from './kubernetes-faults/kill-group.ts';
import { tableOf, type Outcome } from './kubernetes-faults/outcome.ts';
import { RecoveryWatch } from './kubernetes-faults/recovery-watch.ts';
import type { Proof, ProofRun } from './proof.ts';

type Group = readonly { readonly seed: number; readonly given: Case }[];

/** A recovery in the state that the group begins in. */
async function prepare(scene: FaultScene, given: Case): Promise<RecoveryWatch> {
  const planned = given.kind === 'fault' ? (FAULTS[given.fault].planned ?? []) : [];
  const watch = await RecoveryWatch.begin(scene, given.way, planned);
  if (given.work === 'recover') return watch;
  const end = await scene.run(['recover', 'run', watch.id, '--yes']);
  if (end.code !== 0) throw new Error(`the recovery that is to be undone ${saidBy(end)}`);
  await watch.look();
  return watch;
}

async function tryGroup(scene: FaultScene, group: Group, log: ProofRun['log']): Promise<Outcome[]> {
  const [first] = group;
  if (first === undefined) return [];
  const watch = await prepare(scene, first.given);
  const kills = group.flatMap(({ seed, given }) => (given.kind === 'kill' ? [{ seed, given }] : []));
  const outcomes =
    first.given.kind === 'kill'
      ? await runKillGroup(scene, watch, kills, log)
      : [await runFaultCase(scene, watch, { seed: first.seed, given: first.given, log })];
  if (outcomes.every(({ ending }) => ending !== 'OTHER')) await giveBack(scene, watch);
  return outcomes;
}

function failed(group: Group, error: unknown): Outcome[] {
  return group.map(({ seed, given }) => ({
    seed,
    words: wordsOf(given),
    ending: 'OTHER',
    problems: [String(error)],
    looks: 0,
  }));
}

/** A group after the other; what goes wrong costs the scene, since the next case needs one that is well. */
async function tryAll(bed: Bed, { seed, count, log }: ProofRun): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  let scene: FaultScene | undefined;
  try {
    for (const group of groupsOf(seed, count)) {
      const begunMs = Date.now();
      scene ??= await FaultScene.start(bed, group[0]?.given.kind === 'fault' ? 1 : 2);
      const found = await tryGroup(scene, group, log).catch((error: unknown) => {
        log(`${group[0]?.seed}: ${String(error)}`);
        return failed(group, error);
      });
      outcomes.push(...found);
      log(`${found.length} of ${group.length} in ${Math.round((Date.now() - begunMs) / 1000)} s`);
      if (found.every(({ ending }) => ending !== 'OTHER')) continue;
      await scene[Symbol.asyncDispose]();
      scene = undefined;
    }
  } finally {
    await scene?.[Symbol.asyncDispose]();
  }
  return outcomes;
}

/** The proof. */
export const proof: Proof = {
  name: 'kubernetes-faults',
  shows:
    'A recovery in a namespace and its undo, killed at any step or met by what goes wrong on bad days, are explained by status, and gone on with or taken back; old and new data are never gone, as seen from outside.',
  defaultCount: 1,
  inContainers: true,
  budgetMs: 900_000,
  run: async (given) => {
    const bed = await startBed();
    if (bed === undefined) return { holds: false, figure: 'SKIPPED: no Kubernetes runs here' };
    const outcomes = await tryAll(bed, given);
    const isComplete = outcomes.length === given.count;
    const other = outcomes.filter(({ ending }) => ending === 'OTHER');
    const looks = outcomes.reduce((sum, one) => sum + one.looks, 0);
    return {
      holds: other.length === 0 && isComplete,
      figure: `${outcomes.length} of ${given.count} cases: ${tableOf(outcomes)}; ${looks} looks at the volumes`,
    };
  },
};
