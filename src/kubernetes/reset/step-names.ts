/**
 * The steps of a reset, in order: the cluster's data is put aside, and a new one begins under its name. `SPEC.md` says what each does.
 *
 * @module
 */

/** From the cluster as it is to a new one. */
export const RESET_STEPS = [
  'resetRetainVolumes',
  'resetSurvey',
  'resetSave',
  'resetPause',
  'resetArchiveTail',
  'resetStop',
  'resetScaleDown',
  'keepVolumes',
  'removeJobs',
  // Before Patroni forgets the cluster: who is scaled up after that makes a new one, and must not write into the archive of the old.
  'moveArchive',
  'forgetCluster',
  'startAnew',
  'proveNew',
  'resetBackUp',
  'resetScaleOut',
  'resetTellStory',
] as const;

/** Back to the cluster from before, once the new one has been started. */
export const UNDO_RESET_STEPS = [
  'undoResetScaleDown',
  'undoResetRetainVolumes',
  'undoKeepVolumes',
  'undoMoveArchive',
  'undoForgetCluster',
  'undoResetOpen',
  'undoResetProve',
  'undoResetResume',
  'undoResetScaleOut',
  'undoResetSettle',
  'undoResetTellStory',
] as const;

/** A step's name. */
export type ResetStep = (typeof RESET_STEPS)[number] | (typeof UNDO_RESET_STEPS)[number];

const ALL: ReadonlySet<unknown> = new Set([...RESET_STEPS, ...UNDO_RESET_STEPS]);

/** True if this text, from a journal, names a step of a reset. */
export function isResetStep(value: unknown): value is ResetStep {
  return ALL.has(value);
}
