/**
 * Cases that came later, and are numbered from {@link ADDED_FROM} on: those before keep the numbers that they were recorded with.
 * New ones are appended.
 *
 * Pure.
 *
 * @module
 */

import type { RecoveryWay } from '../../../src/kubernetes/find/rights.ts';
import { RESET_STEPS, UNDO_RESET_STEPS } from '../../../src/kubernetes/reset/step-names.ts';
import {
  momentOf,
  type CarriedCase,
  type Case,
  type EndCase,
  type FaultCase,
  type GoingOn,
  type ResetCase,
} from './case.ts';

/** The seed of the first. */
export const ADDED_FROM = 1000;

function resetKills(work: ResetCase['work'], goingOn: GoingOn): ResetCase[] {
  const shift = goingOn === 'undo' ? 1 : 0;
  return (work === 'undo' ? UNDO_RESET_STEPS : RESET_STEPS).map((step, at) => ({
    kind: 'reset',
    work,
    step,
    moment: momentOf(at + shift),
    goingOn,
  }));
}

/** Each of the first changes of one end. */
function endKills(way: EndCase['way'], from: EndCase['from'], changes: readonly number[]): EndCase[] {
  const work = from === 'standing' ? 'discard' : 'release';
  return changes.map((change) => ({ kind: 'end', way, work, from, change }));
}

function fault(
  name: FaultCase['fault'],
  way: RecoveryWay,
  step: FaultCase['step'],
  goingOn: GoingOn = 'resume',
): FaultCase {
  return { kind: 'fault', way, work: step.startsWith('undo') ? 'undo' : 'recover', step, fault: name, goingOn };
}

function carried(way: RecoveryWay, step: CarriedCase['step'], name: CarriedCase['fault']): CarriedCase {
  return { kind: 'carried', way, work: step.startsWith('undo') ? 'undo' : 'recover', step, fault: name };
}

/** All, in the order of their seeds. */
export const ADDED: readonly Case[] = [
  ...resetKills('reset', 'resume'),
  ...resetKills('undo', 'resume'),
  ...resetKills('reset', 'undo'),
  ...endKills('rebind', 'standing', [1, 2, 3]),
  ...endKills('in-volume', 'standing', [1, 2]),
  ...endKills('recreate', 'standing', [1]),
  ...endKills('rebind', 'undone', [1, 2, 4]),
  ...endKills('in-volume', 'undone', [1, 2]),
  ...endKills('recreate', 'undone', [1, 2]),
  ...endKills('clone', 'undone', [3]),
  ...endKills('rebind', 'recovered', [1, 2, 3, 4]),
  ...endKills('in-volume', 'recovered', [1, 2]),
  ...endKills('recreate', 'recovered', [1, 2]),
  ...endKills('clone', 'recovered', [2]),
  fault('the live server crashes again and again, and the pod that pushes its WAL is deleted', 'rebind', 'stopLive'),
  fault(
    'the live server crashes again and again, and the pod that pushes its WAL is deleted',
    'in-volume',
    'stopLive',
    'undo',
  ),
  fault('the live server crashes again and again, and the pod that pushes its WAL is deleted', 'recreate', 'undoStop'),
  fault(
    'the live server crashes again and again, and walkback is killed while its WAL is pushed',
    'rebind',
    'stopLive',
    'undo',
  ),
  fault(
    'the live server crashes again and again, and walkback is killed while its WAL is pushed',
    'in-volume',
    'stopLive',
  ),
  fault(
    'the live server crashes again and again, and walkback is killed while its WAL is pushed',
    'recreate',
    'stopLive',
    'undo',
  ),
  fault(
    'the live server crashes again and again, and walkback is killed while its WAL is pushed',
    'rebind',
    'undoStop',
  ),
  fault(
    'the live server crashes again and again, and walkback is killed while its WAL is pushed',
    'in-volume',
    'undoStop',
  ),
  fault('the live pod is evicted', 'rebind', 'pause'),
  fault('the live pod is evicted', 'in-volume', 'archiveTail', 'undo'),
  fault('the live pod is evicted', 'recreate', 'stopLive'),
  fault('the live pod is evicted', 'clone', 'pause'),
  fault('the live pod is evicted', 'rebind', 'openLine'),
  fault('the live pod is evicted', 'in-volume', 'backUp', 'undo'),
  fault('the live pod is evicted', 'recreate', 'undoStop'),
  fault('the live pod is evicted', 'rebind', 'undoResume'),
  fault('the cluster’s image cannot be pulled for 40 s', 'rebind', 'openLine'),
  fault('the cluster’s image cannot be pulled for 40 s', 'in-volume', 'clearStatus', 'undo'),
  fault('the cluster’s image cannot be pulled for 40 s', 'recreate', 'openLine'),
  fault('the cluster’s image cannot be pulled for 40 s', 'rebind', 'undoOpenLine'),
  fault('the cluster’s image cannot be pulled', 'rebind', 'undoReopen'),
  fault('the cluster’s image cannot be pulled', 'in-volume', 'renameInVolume'),
  fault('the storage class refuses claims', 'rebind', 'startRehearsal'),
  fault('the storage class refuses claims', 'recreate', 'startRehearsal', 'undo'),
  fault('a limit refuses claims of that size', 'rebind', 'startRehearsal'),
  fault('a limit refuses claims of that size', 'recreate', 'startRehearsal', 'undo'),
  fault('the joining pod is deleted', 'rebind', 'scaleOut'),
  fault('the joining pod is deleted', 'in-volume', 'undoScaleOut'),
  fault('the joining pod is evicted', 'recreate', 'scaleOut', 'undo'),
  fault('the joining pod is killed for its memory', 'in-volume', 'scaleOut'),
  fault('the joining pod is killed for its memory', 'rebind', 'undoScaleOut'),
  fault('the leader is deleted while another joins', 'rebind', 'scaleOut', 'undo'),
  fault('the leader is deleted while another joins', 'in-volume', 'scaleOut'),
  fault('the leader is deleted while another joins', 'recreate', 'undoScaleOut'),
  carried('rebind', 'awaitRehearsal', 'the Job’s pod is deleted at once'),
  carried('rebind', 'exchangeVolumes', 'the Job’s pod is deleted at once'),
  carried('rebind', 'undoExchangeVolumes', 'the Job’s pod is evicted'),
  carried('in-volume', 'stopLive', 'the Job’s pod is evicted'),
  carried('in-volume', 'renameInVolume', 'the terminal is killed, and the Job’s pod is deleted at once'),
  carried('in-volume', 'undoReopen', 'the Job’s pod is deleted at once'),
  carried('recreate', 'recreateStatefulSet', 'the Job’s pod is evicted'),
  carried('recreate', 'openLine', 'the Job’s pod is deleted at once'),
  carried('recreate', 'undoRecreateStatefulSet', 'the terminal is killed, and the Job’s pod is deleted at once'),
  carried('clone', 'openLine', 'the Job’s pod is evicted'),
  fault('it is gone on with in another namespace first', 'rebind', 'exchangeVolumes'),
  fault('it is gone on with in another namespace first', 'in-volume', 'pause', 'undo'),
  ...endKills('reset', 'undone', [1, 4]),
  ...endKills('reset', 'recovered', [2, 3]),
];
