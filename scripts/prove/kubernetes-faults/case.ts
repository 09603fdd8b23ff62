/**
 * What a case is.
 *
 * @module
 */

import type { RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import {
  rehearseStepsOf,
  SWAP_STEPS,
  UNDO_SWAP_STEPS,
  type SwapStep,
} from '../../../src/kubernetes/recover/step-names.ts';
import type { ResetStep } from '../../../src/kubernetes/reset/step-names.ts';
import type { FaultName } from './fault-names.ts';

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

/** SIGKILL of walkback at a step of a reset, or of a reset's undo. */
export interface ResetCase {
  readonly kind: 'reset';
  readonly work: 'reset' | 'undo';
  readonly step: ResetStep;
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

/** SIGKILL of walkback when it has made so many changes of a release, or of throwing a rehearsal away; neither has steps. */
export interface EndCase {
  readonly kind: 'end';
  /** Of a recovery, or a reset's. */
  readonly way: RecoveryWay | 'reset';
  readonly work: 'release' | 'discard';
  /** What the recovery is at before. */
  readonly from: 'recovered' | 'undone' | 'standing';
  /** The first is 1. */
  readonly change: number;
}

/** What meets the work that a Job of the namespace does. */
export const CARRIED_FAULTS = [
  'the Job’s pod is deleted at once',
  'the Job’s pod is evicted',
  'the terminal is killed, and the Job’s pod is deleted at once',
] as const;
/** See {@link CARRIED_FAULTS}. */
export type CarriedFault = (typeof CARRIED_FAULTS)[number];

/** It meets a recovery, or its undo, that a Job of the namespace does, once a step has begun. */
export interface CarriedCase {
  readonly kind: 'carried';
  readonly way: RecoveryWay;
  readonly work: Work;
  readonly step: SwapStep;
  readonly fault: CarriedFault;
}

/** One of them. */
export type Case = KillCase | ResetCase | FaultCase | EndCase | CarriedCase;

/** The steps of a recovery by a way, in order. */
export function stepsOf(way: RecoveryWay, work: Work): readonly SwapStep[] {
  return work === 'undo' ? UNDO_SWAP_STEPS[way] : [...rehearseStepsOf(way), ...SWAP_STEPS[way]];
}

/** The moment of the `at`-th, so that a step that several have is killed at all of them. */
export function momentOf(at: number): Moment {
  return MOMENTS[at % MOMENTS.length] ?? 'begun';
}
