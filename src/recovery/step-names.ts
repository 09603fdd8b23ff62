/**
 * The steps of a recovery, in order. `SPEC.md` says what each does; `steps.ts` has the code of each.
 *
 * @module
 */

/** Restoring the data beside the live cluster, and replaying to the target. */
export const REHEARSE_STEPS = ['freeze', 'restore', 'prepare', 'replay'] as const;

/** Swapping the rehearsal in. */
export const CUTOVER_STEPS = [
  'archiveTail',
  'stopLive',
  'archiveRest',
  'reserveTimeline',
  'promote',
  'stopRehearsal',
  'configure',
  'setLiveAside',
  'putInPlace',
  'openLine',
  'verify',
  'backUp',
] as const;

/** Swapping the kept data back, once the new line has opened. */
export const UNDO_STEPS = [
  'undoArchiveTail',
  'undoStop',
  'undoArchiveRest',
  'undoReserveTimeline',
  'undoPromote',
  'undoStopKept',
  'undoSetAside',
  'undoPutBack',
  'undoOpenLine',
  'undoVerify',
  'undoBackUp',
] as const;

/** A step's name. */
export type StepName = (typeof REHEARSE_STEPS)[number] | (typeof CUTOVER_STEPS)[number] | (typeof UNDO_STEPS)[number];

const ALL: ReadonlySet<unknown> = new Set([...REHEARSE_STEPS, ...CUTOVER_STEPS, ...UNDO_STEPS]);

/** True if this text, from a journal, names a step. */
export function isStepName(value: unknown): value is StepName {
  return ALL.has(value);
}
