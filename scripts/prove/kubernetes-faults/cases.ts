/**
 * The cases: every step of a recovery and of an undo by each way, killed there; then faults of bad days; from {@link ADDED_FROM} on
 * those that came later.
 *
 * Pure. Case `s` of {@link caseOf} is that of seed `s`.
 *
 * @module
 */

import { RECOVERY_WAYS, type RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import type { SwapStep } from '../../../src/kubernetes/recover/step-names.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import { ADDED, ADDED_FROM } from './added-cases.ts';
import { momentOf, stepsOf, type Case, type FaultCase, type GoingOn, type KillCase, type Work } from './case.ts';
import { FAULT_NAMES, MEMBER_FAULTS } from './fault-names.ts';

/** Each way begins with another moment, so that a step that all have is killed at all of them. */
function killsOf(way: RecoveryWay, work: Work, goingOn: GoingOn): KillCase[] {
  const shift = RECOVERY_WAYS.indexOf(way) + (goingOn === 'undo' ? 1 : 0);
  return stepsOf(way, work).map((step, at) => ({
    kind: 'kill',
    way,
    work,
    step,
    moment: momentOf(at + shift),
    goingOn,
  }));
}

const REHEARSED: readonly RecoveryWay[] = ['rebind', 'in-volume', 'recreate'];

/** Every (way × step): gone on with, for recoveries and undos; then recoveries taken back; then the same of a clone. */
export const KILLS: readonly KillCase[] = [
  ...REHEARSED.flatMap((way) => [...killsOf(way, 'recover', 'resume'), ...killsOf(way, 'undo', 'resume')]),
  ...REHEARSED.flatMap((way) => killsOf(way, 'recover', 'undo')),
  ...killsOf('clone', 'recover', 'resume'),
  ...killsOf('clone', 'undo', 'resume'),
  ...killsOf('clone', 'recover', 'undo'),
];

/** A share of the faults meet an undo, which is only ever gone on with. */
const UNDO_SHARE = 0.25;

function faultOf(number: number): FaultCase {
  const random = seededRandom(number * 7919 + 5);
  const fault = FAULT_NAMES[number % FAULT_NAMES.length];
  if (fault === undefined) throw new Error(`no fault ${number}`);
  const openIn = (way: RecoveryWay, work: Work): readonly SwapStep[] =>
    stepsOf(way, work).filter((step) => fault.steps?.includes(step) ?? true);
  const way = random.pick(RECOVERY_WAYS.filter((one) => openIn(one, 'recover').length > 0));
  const work = openIn(way, 'undo').length > 0 && random.chance(UNDO_SHARE) ? 'undo' : 'recover';
  const step = random.pick(openIn(way, work));
  const goingOn = work === 'recover' && random.chance(0.5) ? 'undo' : 'resume';
  return { kind: 'fault', way, work, step, fault: fault.name, goingOn };
}

/** The case of a seed. @throws behind the last that was added. */
export function caseOf(seed: number): Case {
  if (seed < ADDED_FROM) return KILLS[seed] ?? faultOf(seed - KILLS.length);
  const added = ADDED[seed - ADDED_FROM];
  if (added === undefined) throw new Error(`there is no case ${seed}: the last is ${ADDED_FROM + ADDED.length - 1}`);
  return added;
}

/** How many members the cluster has: as many as the case needs, as each costs time. */
export function membersOf(given: Case): 1 | 2 {
  if (given.kind === 'carried') return 1;
  return given.kind === 'fault' && !MEMBER_FAULTS.has(given.fault) ? 1 : 2;
}

/** Whether two cases of seeds in a row are two interruptions of one run that is gone on with. */
function goesOnWith(one: Case, next: Case): boolean {
  if (one.kind === 'reset' && next.kind === 'reset')
    return one.goingOn === 'resume' && next.goingOn === 'resume' && one.work === next.work;
  if (one.kind !== 'kill' || next.kind !== 'kill') return false;
  if (one.goingOn !== 'resume' || next.goingOn !== 'resume') return false;
  return one.way === next.way && one.work === next.work;
}

/** Cases that are tried on one recovery, one after the other. */
export function groupsOf(seed: number, count: number): (readonly { readonly seed: number; readonly given: Case }[])[] {
  const groups: { seed: number; given: Case }[][] = [];
  for (let one = seed; one < seed + count; one += 1) {
    const given = caseOf(one);
    const last = groups.at(-1);
    const before = last?.at(-1);
    if (last !== undefined && before !== undefined && goesOnWith(before.given, given)) last.push({ seed: one, given });
    else groups.push([{ seed: one, given }]);
  }
  return groups;
}

/** The case in words. */
export function wordsOf(given: Case): string {
  if (given.kind === 'end')
    return `${given.way}, ${given.work} of what is ${given.from}: SIGKILL at its change ${given.change}, go on`;
  if (given.kind === 'carried') return `${given.way}, ${given.work} in the cluster at ${given.step}: ${given.fault}`;
  const what = given.kind === 'reset' ? (given.work === 'reset' ? '' : 'reset, ') : `${given.way}, `;
  const where = `${what}${given.work} at ${given.step}`;
  const then = given.goingOn === 'undo' ? 'undo' : 'go on';
  return given.kind === 'fault' ? `${where}: ${given.fault}, ${then}` : `${where} (${given.moment}): SIGKILL, ${then}`;
}
