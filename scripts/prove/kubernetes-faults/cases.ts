/**
 * The cases: every step of a recovery and of an undo by each way, killed there; then faults of bad days.
 *
 * Pure. Case `s` of {@link caseOf} is that of seed `s`.
 *
 * @module
 */

import { RECOVERY_WAYS, type RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import {
  rehearseStepsOf,
  SWAP_STEPS,
  UNDO_SWAP_STEPS,
  type SwapStep,
} from '../../../src/kubernetes/recover/step-names.ts';
import { seededRandom } from '../../../tests/support/random.ts';
import { FAULT_NAMES, type FaultName } from './fault-names.ts';

/** When in a step walkback is killed: its intention is written; its first change is made, unheard; all is done, and not written. */
export const MOMENTS = ['begun', 'changing', 'ending'] as const;
/** See {@link MOMENTS}. */
export type Moment = (typeof MOMENTS)[number];

/** What is interrupted. */
export type Work = 'recover' | 'undo';
/** What is typed after the interruption. */
export type GoingOn = 'resume' | 'undo';

/** SIGKILL of walkback at a step. */
export interface KillCase {
  readonly kind: 'kill';
  readonly way: RecoveryWay;
  readonly work: Work;
  readonly step: SwapStep;
  readonly moment: Moment;
  readonly goingOn: GoingOn;
}

/** Something else goes wrong while a step is at work. */
export interface FaultCase {
  readonly kind: 'fault';
  readonly way: RecoveryWay;
  readonly work: Work;
  readonly step: SwapStep;
  readonly fault: FaultName;
  readonly goingOn: GoingOn;
}

/** One of them. */
export type Case = KillCase | FaultCase;

/** The steps of a recovery by a way, in order. */
export function stepsOf(way: RecoveryWay, work: Work): readonly SwapStep[] {
  return work === 'undo' ? UNDO_SWAP_STEPS[way] : [...rehearseStepsOf(way), ...SWAP_STEPS[way]];
}

/** Each way begins with another moment, so that a step that all have is killed at all of them. */
function killsOf(way: RecoveryWay, work: Work, goingOn: GoingOn): KillCase[] {
  const shift = RECOVERY_WAYS.indexOf(way) + (goingOn === 'undo' ? 1 : 0);
  return stepsOf(way, work).map((step, at) => ({
    kind: 'kill',
    way,
    work,
    step,
    moment: MOMENTS[(at + shift) % MOMENTS.length] ?? 'begun',
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

/** The case of a seed. */
export function caseOf(seed: number): Case {
  return KILLS[seed] ?? faultOf(seed - KILLS.length);
}

/** Whether two cases of seeds in a row are two interruptions of one run that is gone on with. */
function goesOnWith(one: Case, next: Case): boolean {
  if (one.kind === 'fault' || next.kind === 'fault') return false;
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
  const where = `${given.way}, ${given.work} at ${given.step}`;
  const then = given.goingOn === 'undo' ? 'undo' : 'go on';
  return given.kind === 'kill' ? `${where} (${given.moment}): SIGKILL, ${then}` : `${where}: ${given.fault}, ${then}`;
}
