/**
 * The steps of a recovery as an operator sees them, from the lines of the journal.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import type { ClusterKind } from '../cluster/cluster.ts';
import { isStepDone, type JournalEntry } from '../recovery/journal.ts';
import type { StepName } from '../recovery/step-names.ts';
import type { PlannedStep, Reporter } from './output/reporter.ts';
import { shownJournal, type ShownJournal } from './output/shown-journal.ts';

/** What each step is part of; the many steps of a swap are one thing to wait for. */
const SHOWN: Record<StepName, string> = {
  freeze: 'freeze',
  restore: 'fetch',
  prepare: 'replay',
  replay: 'replay',
  survey: 'cut over',
  pause: 'cut over',
  holdWrites: 'cut over',
  archiveTail: 'cut over',
  stopLive: 'cut over',
  archiveRest: 'cut over',
  stopPatroni: 'cut over',
  reserveTimeline: 'cut over',
  promote: 'cut over',
  setPasswords: 'cut over',
  stopRehearsal: 'cut over',
  configure: 'cut over',
  setLiveAside: 'cut over',
  putInPlace: 'cut over',
  clearStatus: 'cut over',
  openLine: 'cut over',
  verify: 'cut over',
  letWritesGo: 'cut over',
  backUp: 'back up',
  rebuildReplicas: 'replicas',
  resume: 'replicas',
  undoSurvey: 'archive',
  undoPause: 'archive',
  undoArchiveTail: 'archive',
  undoStop: 'swap back',
  undoArchiveRest: 'swap back',
  undoStopPatroni: 'swap back',
  undoReserveTimeline: 'swap back',
  undoPromote: 'swap back',
  undoSetPasswords: 'swap back',
  undoStopKept: 'swap back',
  undoSetAside: 'swap back',
  undoPutBack: 'swap back',
  undoClearStatus: 'swap back',
  undoOpenLine: 'swap back',
  undoVerify: 'swap back',
  undoLetWritesGo: 'swap back',
  undoBackUp: 'back up',
  undoRebuildReplicas: 'replicas',
  undoResume: 'replicas',
};

/** The steps of a rehearsal. */
export const SHOWN_REHEARSAL: readonly PlannedStep[] = [
  { name: 'freeze', summary: 'newest commits archived' },
  { name: 'fetch', summary: 'the backup, beside the running cluster' },
  { name: 'replay', summary: 'to the target' },
];

const REPLICAS: PlannedStep = { name: 'replicas', summary: 'one after the other, from the leader' };

/** The steps of a cutover. */
export const SHOWN_CUTOVER: Record<ClusterKind, readonly PlannedStep[]> = withReplicas([
  { name: 'cut over', summary: 'the cluster is down meanwhile' },
  { name: 'back up', summary: 'afterwards, without downtime' },
]);

/** The steps of an undo once others may know the new line. */
export const SHOWN_UNDO: Record<ClusterKind, readonly PlannedStep[]> = withReplicas([
  { name: 'archive', summary: 'what the recovered cluster has done' },
  { name: 'swap back', summary: 'the cluster is down meanwhile' },
  { name: 'back up', summary: 'afterwards, without downtime' },
]);

/** A cluster of one server has none. */
function withReplicas(steps: readonly PlannedStep[]): Record<ClusterKind, readonly PlannedStep[]> {
  return { local: steps, patroni: [...steps, REPLICAS] };
}

/**
 * Those of `shown` that the journal does not say are done: a run that goes on does not begin with them.
 *
 * @param steps what the run does: a cutover and an undo have shown steps of the same names.
 */
export function stepsToCome(
  shown: readonly PlannedStep[],
  entries: readonly JournalEntry[],
  steps: readonly StepName[],
): readonly PlannedStep[] {
  return shown.filter(({ name }) => steps.some((step) => SHOWN[step] === name && !isStepDone(entries, step)));
}

/** The step in which a target is looked for in the archive. */
export const PLAN_STEP = 'plan';

const PHASES: ReadonlyMap<string, string> = new Map([
  ['backup', 'back up'],
  ['wal', 'back up'],
  ['scan', PLAN_STEP],
]);

/** Progress under the names of the steps shown. */
export function shownProgress(reporter: Reporter): OnProgress {
  return (progress) => reporter.progress({ ...progress, phase: PHASES.get(progress.phase) ?? progress.phase });
}

/** Shows the making of a plan as a step that ends with it. */
export async function shownPlanning<T>(reporter: Reporter, planning: Promise<T>): Promise<T> {
  const made = await planning;
  reporter.finish(PLAN_STEP);
  return made;
}

/** Shows the lines of a recovery's journal. */
export type ShownSteps = ShownJournal<JournalEntry>;

/** @param begun the step that is under way when the first line comes. */
export function shownSteps(reporter: Reporter, begun?: string): ShownSteps {
  return shownJournal(reporter, SHOWN, begun);
}
