/**
 * The steps of a reset as an operator sees them, from the lines of its journal.
 *
 * @module
 */

import type { ResetEntry } from '../../kubernetes/recover/journal-object.ts';
import type { ResetStep } from '../../kubernetes/reset/step-names.ts';
import { isStepDone } from '../../recovery/journal.ts';
import type { PlannedStep, Reporter } from '../output/reporter.ts';
import { shownJournal, type ShownJournal } from '../output/shown-journal.ts';

const SHOWN: Record<ResetStep, string> = {
  resetRetainVolumes: 'hold',
  resetSurvey: 'hold',
  resetSave: 'hold',
  resetPause: 'hold',
  resetArchiveTail: 'hold',
  resetStop: 'put aside',
  resetScaleDown: 'put aside',
  keepVolumes: 'put aside',
  forgetCluster: 'put aside',
  removeJobs: 'put aside',
  moveArchive: 'put aside',
  startAnew: 'begin',
  proveNew: 'begin',
  resetBackUp: 'back up',
  resetScaleOut: 'replicas',
  resetTellStory: 'replicas',
  undoResetRetainVolumes: 'put aside',
  undoResetScaleDown: 'put aside',
  undoKeepVolumes: 'swap back',
  undoMoveArchive: 'swap back',
  undoForgetCluster: 'swap back',
  undoResetOpen: 'swap back',
  undoResetProve: 'swap back',
  undoResetResume: 'swap back',
  undoResetScaleOut: 'replicas',
  undoResetSettle: 'replicas',
  undoResetTellStory: 'replicas',
};

const REPLICAS: PlannedStep = { name: 'replicas', summary: 'one after the other, each proven' };
/** The steps of a reset. */
export const SHOWN_RESET: readonly PlannedStep[] = [
  { name: 'hold', summary: 'volumes kept, objects saved, Patroni paused' },
  { name: 'put aside', summary: 'the cluster is down meanwhile' },
  { name: 'begin', summary: 'a new cluster on a new volume' },
  { name: 'back up', summary: 'in the new archive' },
  REPLICAS,
];
/** The steps of its undo once the new cluster was started. */
export const SHOWN_RESET_UNDO: readonly PlannedStep[] = [
  { name: 'put aside', summary: 'what the new cluster holds' },
  { name: 'swap back', summary: 'the cluster is down meanwhile' },
  REPLICAS,
];

/** Those of `shown` that the journal does not say are done. */
export function resetStepsToCome(
  shown: readonly PlannedStep[],
  order: readonly ResetStep[],
  entries: readonly ResetEntry[],
): readonly PlannedStep[] {
  return shown.filter(({ name }) => order.some((step) => SHOWN[step] === name && !isStepDone(entries, step)));
}

/** Shows the lines of a reset's journal. */
export function shownReset(reporter: Reporter): ShownJournal<ResetEntry> {
  return shownJournal(reporter, SHOWN);
}
