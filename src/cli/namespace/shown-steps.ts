/**
 * The steps of a recovery in a namespace as an operator sees them, from the lines of its journal.
 *
 * @module
 */

import type { RecoveryWay } from '../../kubernetes/find/rights.ts';
import { isStepDone } from '../../recovery/journal.ts';
import type { SwapEntry } from '../../kubernetes/recover/journal-object.ts';
import { rehearseStepsOf, SWAP_STEPS, UNDO_SWAP_STEPS, type SwapStep } from '../../kubernetes/recover/step-names.ts';
import type { PlannedStep, Reporter } from '../output/reporter.ts';
import { shownJournal, type ShownJournal } from '../output/shown-journal.ts';

const SHOWN: Record<SwapStep, string> = {
  startRehearsal: 'start',
  awaitRehearsal: 'fetch',
  proveArchive: 'prove',
  retainVolumes: 'hold',
  survey: 'hold',
  save: 'hold',
  scaleWorkloadsDown: 'hold',
  pause: 'hold',
  archiveTail: 'hold',
  stopLive: 'cut over',
  scaleDown: 'cut over',
  archiveRest: 'cut over',
  finishRehearsal: 'cut over',
  endRehearsal: 'cut over',
  exchangeVolumes: 'cut over',
  renameInVolume: 'cut over',
  removeReplicaClaims: 'cut over',
  recreateStatefulSet: 'cut over',
  setVariables: 'cut over',
  forgetCluster: 'cut over',
  clearStatus: 'cut over',
  openLine: 'cut over',
  proveTarget: 'cut over',
  putConfigurationBack: 'cut over',
  removeVariables: 'cut over',
  verify: 'cut over',
  resume: 'cut over',
  backUp: 'back up',
  scaleOut: 'replicas',
  settle: 'replicas',
  scaleWorkloadsUp: 'replicas',
  tellStory: 'replicas',
  undoSurvey: 'hold',
  undoScaleWorkloadsDown: 'hold',
  undoPause: 'hold',
  undoArchiveTail: 'hold',
  undoStop: 'swap back',
  undoScaleDown: 'swap back',
  undoArchiveRest: 'swap back',
  undoReopen: 'swap back',
  undoRetainVolumes: 'swap back',
  undoExchangeVolumes: 'swap back',
  undoRenameInVolume: 'swap back',
  undoRemoveReplicaClaims: 'swap back',
  undoRecreateStatefulSet: 'swap back',
  undoVariables: 'swap back',
  undoForgetCluster: 'swap back',
  undoClearStatus: 'swap back',
  undoOpenLine: 'swap back',
  undoVerify: 'swap back',
  undoResume: 'swap back',
  undoBackUp: 'back up',
  undoScaleOut: 'replicas',
  undoSettle: 'replicas',
  undoScaleWorkloadsUp: 'replicas',
  undoTellStory: 'replicas',
};

const HOLD: PlannedStep = { name: 'hold', summary: 'objects saved, Patroni paused, newest WAL archived' };
const BACK_UP: PlannedStep = { name: 'back up', summary: 'afterwards, without downtime' };
const REPLICAS: PlannedStep = { name: 'replicas', summary: 'one after the other, each proven' };

/** The steps of a rehearsal. */
export const SHOWN_REHEARSAL: readonly PlannedStep[] = [
  { name: 'start', summary: 'claim and Job, beside the running cluster' },
  { name: 'fetch', summary: 'the backup, then replay to the target' },
  { name: 'prove', summary: 'the archive up to the target, read whole' },
];

/** The steps of a cutover. */
export const SHOWN_CUTOVER: readonly PlannedStep[] = [
  HOLD,
  { name: 'cut over', summary: 'the cluster is down meanwhile' },
  BACK_UP,
  REPLICAS,
];

/** The steps of an undo once others may know the new line. */
export const SHOWN_UNDO: readonly PlannedStep[] = [
  HOLD,
  { name: 'swap back', summary: 'the cluster is down meanwhile' },
  BACK_UP,
  REPLICAS,
];

/** What a run does, forth or back: both have shown steps of the same names. */
const STEPS_OF = {
  forth: (way: RecoveryWay): readonly SwapStep[] => [...rehearseStepsOf(way), ...SWAP_STEPS[way]],
  back: (way: RecoveryWay): readonly SwapStep[] => UNDO_SWAP_STEPS[way],
};

/** Those of `shown` that the journal does not say are done. */
export function stepsToCome(
  shown: readonly PlannedStep[],
  entries: readonly SwapEntry[],
  { way, run }: { readonly way: RecoveryWay; readonly run: keyof typeof STEPS_OF },
): readonly PlannedStep[] {
  const steps = STEPS_OF[run](way);
  return shown.filter(({ name }) => steps.some((step) => SHOWN[step] === name && !isStepDone(entries, step)));
}

/** Shows the lines of a recovery's journal. */
export function shownSwapSteps(reporter: Reporter): ShownJournal<SwapEntry> {
  return shownJournal(reporter, SHOWN);
}
