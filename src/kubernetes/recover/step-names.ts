/**
 * The steps of a recovery in a namespace, in order, by the way of its cutover. `SPEC.md` says what each does.
 *
 * @module
 */

import type { RecoveryWay } from '../find/rights.ts';

/** Restoring beside the live cluster, and replaying to the target. */
export const REHEARSE_STEPS = ['startRehearsal', 'awaitRehearsal'] as const;

const BEFORE_SWAP = [
  'survey',
  'save',
  'scaleWorkloadsDown',
  'pause',
  'archiveTail',
  'stopLive',
  'scaleDown',
  'archiveRest',
  'finishRehearsal',
  'endRehearsal',
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
} as const satisfies Partial<Record<RecoveryWay, readonly string[]>>;

const UNDO_BEFORE = [
  'undoSurvey',
  'undoScaleWorkloadsDown',
  'undoPause',
  'undoArchiveTail',
  'undoStop',
  'undoScaleDown',
  'undoArchiveRest',
  'undoReopen',
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
} as const satisfies Partial<Record<RecoveryWay, readonly string[]>>;

/** The ways that have steps here. */
export const SWAP_WAYS = ['rebind', 'in-volume', 'recreate'] as const satisfies readonly (keyof typeof SWAP_STEPS)[];
/** A way that has steps here. */
export type SwapWay = keyof typeof SWAP_STEPS;
/** A step of a cutover. */
export type CutoverSwapStep = (typeof SWAP_STEPS)[SwapWay][number];
/** A step of an undo. */
export type UndoSwapStep = (typeof UNDO_SWAP_STEPS)[SwapWay][number];
/** A step's name. */
export type SwapStep = (typeof REHEARSE_STEPS)[number] | CutoverSwapStep | UndoSwapStep;

/** Every step there is. */
export const ALL_SWAP_STEPS: readonly SwapStep[] = [
  ...new Set([REHEARSE_STEPS, ...Object.values(SWAP_STEPS), ...Object.values(UNDO_SWAP_STEPS)].flat()),
];

const ALL: ReadonlySet<unknown> = new Set(ALL_SWAP_STEPS);

/** True if this text, from a journal, names a step. */
export function isSwapStep(value: unknown): value is SwapStep {
  return ALL.has(value);
}
