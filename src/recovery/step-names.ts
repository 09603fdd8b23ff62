/**
 * The steps of a recovery, in order, by the kind of its cluster. `SPEC.md` says what each does; `steps.ts` has the code of
 * each.
 *
 * @module
 */

import type { ClusterKind } from '../cluster/cluster.ts';

/** Restoring the data beside the live cluster, and replaying to the target. */
export const REHEARSE_STEPS = ['freeze', 'restore', 'prepare', 'replay'] as const;

/** Swapping the rehearsal in. */
export const CUTOVER_STEPS = {
  local: [
    'holdWrites',
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
    'letWritesGo',
    'backUp',
  ],
  patroni: [
    'survey',
    'pause',
    'holdWrites',
    'archiveTail',
    'stopLive',
    'archiveRest',
    'stopPatroni',
    'reserveTimeline',
    'promote',
    'setPasswords',
    'stopRehearsal',
    'configure',
    'setLiveAside',
    'putInPlace',
    'clearStatus',
    'openLine',
    'verify',
    'letWritesGo',
    'backUp',
    'rebuildReplicas',
    'resume',
  ],
} as const satisfies Record<ClusterKind, readonly string[]>;

/** Swapping the kept data back, once the new line has opened. */
export const UNDO_STEPS = {
  local: [
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
    'undoLetWritesGo',
    'undoBackUp',
  ],
  patroni: [
    'undoSurvey',
    'undoPause',
    'undoArchiveTail',
    'undoStop',
    'undoArchiveRest',
    'undoStopPatroni',
    'undoReserveTimeline',
    'undoPromote',
    'undoSetPasswords',
    'undoStopKept',
    'undoSetAside',
    'undoPutBack',
    'undoClearStatus',
    'undoOpenLine',
    'undoVerify',
    'undoLetWritesGo',
    'undoBackUp',
    'undoRebuildReplicas',
    'undoResume',
  ],
} as const satisfies Record<ClusterKind, readonly string[]>;

/** A step of a cutover, of any kind of cluster. */
export type CutoverStep = (typeof CUTOVER_STEPS)[ClusterKind][number];
/** A step of an undo, of any kind of cluster. */
export type UndoStep = (typeof UNDO_STEPS)[ClusterKind][number];
/** A step's name. */
export type StepName = (typeof REHEARSE_STEPS)[number] | CutoverStep | UndoStep;

/** Every step there is. */
export const ALL_STEPS: readonly StepName[] = [
  ...new Set([REHEARSE_STEPS, ...Object.values(CUTOVER_STEPS), ...Object.values(UNDO_STEPS)].flat()),
];

const ALL: ReadonlySet<unknown> = new Set(ALL_STEPS);

/** True if this text, from a journal, names a step. */
export function isStepName(value: unknown): value is StepName {
  return ALL.has(value);
}
