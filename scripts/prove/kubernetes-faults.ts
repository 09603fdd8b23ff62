/**
 * SIGKILL of walkback at every step of a recovery in a namespace, and of its undo, by each way; of a reset and its undo; while it
 * releases what is kept, or throws a rehearsal away; and faults of bad days: of the API, of pods, of other hands, of the machines.
 * After each `status` says what is so, going on or an undo works from there, and the
 * data from before and the recovered data are never gone, as seen on the volumes from outside.
 *
 * Seeds from 0 are the steps, in the order of `kubernetes-faults/cases.ts`: all gone on with, then all taken back; those behind them
 * are the faults, and of each round of them the last are of the whole bed. From 1000 on are those of
 * `kubernetes-faults/added-cases.ts`: resets, removals, and faults at steps of their own. Seeds in a row share what can be shared: a cluster, and a
 * recovery that is killed at one step after the other.
 *
 * @module
 */

import { startBed, type Bed } from '../../tests/support/kubernetes/bed.ts';
import type { Case, KillCase, ResetCase } from './kubernetes-faults/case.ts';
import { allowJobs, runCarriedCase } from './kubernetes-faults/carried-case.ts';
import { groupsOf, membersOf, wordsOf } from './kubernetes-faults/cases.ts';
import { giveBack, saidBy } from './kubernetes-faults/end-case.ts';
import { runFaultCase } from './kubernetes-faults/fault-case.ts';
import { FaultScene } from './kubernetes-faults/fault-scene.ts';
import { FAULTS } from './kubernetes-faults/faults.ts';
import { runKillGroup } from './kubernetes-faults/kill-group.ts';
import { tableOf, type Outcome } from './kubernetes-faults/outcome.ts';
import { RecoveryWatch } from './kubernetes-faults/recovery-watch.ts';
import { runRemovalCase } from './kubernetes-faults/removal-case.ts';
import { ResetWatch } from './kubernetes-faults/reset-watch.ts';
import type { Watch } from './kubernetes-faults/watch.ts';
import type { Proof, ProofRun } from './proof.ts';

type Group = readonly { readonly seed: number; readonly given: Case }[];

/** What is to be undone has been run before. */
async function runBefore<W extends Watch>(scene: FaultScene, watch: W, work: string): Promise<W> {
  if (work !== 'undo') return watch;
  const end = await scene.run(watch.runLine);
  if (end.code !== 0) throw new Error(`what is to be undone ${saidBy(end)}`);
  await watch.look();
  return watch;
}

async function runKills(
  scene: FaultScene,
  group: Group,
  { begin, log }: { readonly begin: () => Promise<Watch>; readonly log: ProofRun['log'] },
): Promise<Outcome[]> {
  const kills = group.flatMap(({ seed, given }) => (isKill(given) ? [{ seed, given }] : []));
  const watch = await runBefore(scene, await begin(), kills[0]?.given.work ?? '');
  const outcomes = await runKillGroup(scene, watch, kills, log);
  if (areRight(outcomes)) await giveBack(scene, watch);
  return outcomes;
}

function isKill(given: Case): given is KillCase | ResetCase {
  return given.kind === 'kill' || given.kind === 'reset';
}

async function tryGroup(scene: FaultScene, group: Group, log: ProofRun['log']): Promise<Outcome[]> {
  const [first] = group;
  if (first === undefined) return [];
  const { seed, given } = first;
  if (given.kind === 'reset') return runKills(scene, group, { begin: async () => ResetWatch.begin(scene), log });
  if (given.kind === 'end') {
    const { way } = given;
    const watch = await (way === 'reset' ? ResetWatch.begin(scene) : RecoveryWatch.begin(scene, way));
    return [await runRemovalCase(scene, watch, { seed, given, log })];
  }
  const planned = given.kind === 'fault' ? (FAULTS[given.fault].planned ?? []) : [];
  const begin = async (): Promise<RecoveryWatch> => RecoveryWatch.begin(scene, given.way, planned);
  if (given.kind === 'kill') return runKills(scene, group, { begin, log });
  if (given.kind === 'carried') await allowJobs(scene);
  const watch = await runBefore(scene, await begin(), given.work);
  const outcome =
    given.kind === 'fault'
      ? await runFaultCase(scene, watch, { seed, given, log })
      : await runCarriedCase(scene, watch, { seed, given, log });
  if (areRight([outcome])) await giveBack(scene, watch);
  return [outcome];
}

function areRight(outcomes: readonly Outcome[]): boolean {
  return outcomes.every(({ ending }) => ending !== 'OTHER');
}

/** A recovery that is released is never undone: the bad transaction is in nobody's past any more. */
function isLastOfScene({ given }: Group[number]): boolean {
  return given.kind === 'end' && given.from === 'recovered';
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
  let members = 0;
  try {
    for (const group of groupsOf(seed, count)) {
      const [first] = group;
      if (first === undefined) continue;
      const begunMs = Date.now();
      if (members !== membersOf(first.given)) {
        await scene?.[Symbol.asyncDispose]();
        scene = undefined;
      }
      members = membersOf(first.given);
      scene ??= await FaultScene.start(bed, members);
      const found = await tryGroup(scene, group, log).catch((error: unknown) => {
        log(`${first.seed}: ${String(error)}`);
        return failed(group, error);
      });
      outcomes.push(...found);
      log(`${found.length} of ${group.length} in ${Math.round((Date.now() - begunMs) / 1000)} s`);
      if (areRight(found) && !isLastOfScene(first)) continue;
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
    'A recovery in a namespace and its undo, a reset and its undo, releases and rehearsals thrown away, killed at any step or met by what goes wrong on bad days, are explained by status, and gone on with or taken back; old and new data are never gone, as seen from outside.',
  defaultCount: 1,
  group: 'namespaces',
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
