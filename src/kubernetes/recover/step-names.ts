/**
 * The steps of a recovery in a namespace, in order, by the way of its cutover. `SPEC.md` says what each does.
 *
 * @module
 */

import type { RecoveryWay } from '../find/rights.ts';

/** Restoring beside the live cluster, and replaying to the target. */
export const REHEARSE_STEPS = ['startRehearsal', 'awaitRehearsal'] as const;

/** What a *clone* has in their place: the image restores by itself, in the cutover. */
export const PROVE_STEPS = ['proveArchive'] as const;

const BEFORE_SWAP = [
  'survey',
  'save',
  'scaleWorkloadsDown',
  'pause',
  'archiveTail',
  'stopLive',
  'archiveRest',
  'finishRehearsal',
  'endRehearsal',
  'scaleDown',
] as const;

const AFTER_SWAP = [
  'clearStatus',
  'openLine',
  'verify',
  'resume',
  'backUp',
  'scaleOut',
  'settle',
  'scaleWorkloadsUp',
  'tellStory',
] as const;

/** Swapping the rehearsal in. */
export const SWAP_STEPS = {
  rebind: ['retainVolumes', ...BEFORE_SWAP, 'exchangeVolumes', ...AFTER_SWAP],
  'in-volume': [...BEFORE_SWAP, 'renameInVolume', 'removeReplicaClaims', ...AFTER_SWAP],
  recreate: [...BEFORE_SWAP, 'recreateStatefulSet', ...AFTER_SWAP],
  clone: [
    'retainVolumes',
    'survey',
    'save',
    'scaleWorkloadsDown',
    'pause',
    'archiveTail',
    'stopLive',
    'scaleDown',
    'exchangeVolumes',
    'setVariables',
    'forgetCluster',
    'openLine',
    'proveTarget',
    'putConfigurationBack',
    'removeVariables',
    'verify',
    'resume',
    'backUp',
    'scaleOut',
    'settle',
    'scaleWorkloadsUp',
    'tellStory',
  ],
} as const satisfies Record<RecoveryWay, readonly string[]>;

const UNDO_BEFORE = [
  'undoSurvey',
  'undoScaleWorkloadsDown',
  'undoPause',
  'undoArchiveTail',
  'undoStop',
  'undoArchiveRest',
  'undoReopen',
  'undoScaleDown',
] as const;

const UNDO_AFTER = [
  'undoClearStatus',
  'undoOpenLine',
  'undoVerify',
  'undoResume',
  'undoBackUp',
  'undoScaleOut',
  'undoSettle',
  'undoScaleWorkloadsUp',
  'undoTellStory',
] as const;

/** Swapping the kept data back, once the new line has opened. */
export const UNDO_SWAP_STEPS = {
  rebind: [...UNDO_BEFORE, 'undoRetainVolumes', 'undoExchangeVolumes', ...UNDO_AFTER],
  'in-volume': [...UNDO_BEFORE, 'undoRenameInVolume', 'undoRemoveReplicaClaims', ...UNDO_AFTER],
  recreate: [...UNDO_BEFORE, 'undoRecreateStatefulSet', ...UNDO_AFTER],
  // The new line is in an archive of its own: the kept data goes on where it was, on its own timeline.
  clone: [
    'undoSurvey',
    'undoScaleWorkloadsDown',
    'undoPause',
    'undoArchiveTail',
    'undoStop',
    'undoScaleDown',
    'undoRetainVolumes',
    'undoExchangeVolumes',
    'undoVariables',
    'undoForgetCluster',
    ...UNDO_AFTER,
  ],
} as const satisfies Record<RecoveryWay, readonly string[]>;

/** A step before the cutover. */
export type RehearseStep = (typeof REHEARSE_STEPS)[number] | (typeof PROVE_STEPS)[number];
/** A step of a cutover. */
export type CutoverSwapStep = (typeof SWAP_STEPS)[RecoveryWay][number];
/** A step of an undo. */
export type UndoSwapStep = (typeof UNDO_SWAP_STEPS)[RecoveryWay][number];
/** A step's name. */
export type SwapStep = RehearseStep | CutoverSwapStep | UndoSwapStep;

/** True for a way that puts volumes under other claims; every other asks nothing of PersistentVolumes, which is a right of its own. */
export function isOfVolumes(way: RecoveryWay): boolean {
  const steps: readonly SwapStep[] = SWAP_STEPS[way];
  return steps.includes('exchangeVolumes');
}

/** The steps before a cutover. */
export function rehearseStepsOf(way: RecoveryWay): readonly RehearseStep[] {
  return way === 'clone' ? PROVE_STEPS : REHEARSE_STEPS;
}

/** Every step there is. */
export const ALL_SWAP_STEPS: readonly SwapStep[] = [
  ...new Set([REHEARSE_STEPS, PROVE_STEPS, ...Object.values(SWAP_STEPS), ...Object.values(UNDO_SWAP_STEPS)].flat()),
];

const ALL: ReadonlySet<unknown> = new Set(ALL_SWAP_STEPS);

/** True if this text, from a journal, names a step. */
export function isSwapStep(value: unknown): value is SwapStep {
  return ALL.has(value);
}
