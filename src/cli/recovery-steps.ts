/**
 * The steps of a recovery as an operator sees them, from the lines of the journal.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import { isStepDone, type JournalEntry } from '../recovery/journal.ts';
import { CUTOVER_STEPS, REHEARSE_STEPS, UNDO_STEPS, type StepName } from '../recovery/step-names.ts';
import type { PlannedStep, Reporter } from './output/reporter.ts';

/** What each step is part of; the many steps of a swap are one thing to wait for. */
const SHOWN: Record<StepName, string> = {
  freeze: 'freeze',
  restore: 'fetch',
  prepare: 'replay',
  replay: 'replay',
  archiveTail: 'cut over',
  stopLive: 'cut over',
  archiveRest: 'cut over',
  reserveTimeline: 'cut over',
  promote: 'cut over',
  stopRehearsal: 'cut over',
  configure: 'cut over',
  setLiveAside: 'cut over',
  putInPlace: 'cut over',
  openLine: 'cut over',
  verify: 'cut over',
  backUp: 'back up',
  undoArchiveTail: 'archive',
  undoStop: 'swap back',
  undoArchiveRest: 'swap back',
  undoReserveTimeline: 'swap back',
  undoPromote: 'swap back',
  undoStopKept: 'swap back',
  undoSetAside: 'swap back',
  undoPutBack: 'swap back',
  undoOpenLine: 'swap back',
  undoVerify: 'swap back',
  undoBackUp: 'back up',
};

const STEP_NAMES: readonly StepName[] = [...REHEARSE_STEPS, ...CUTOVER_STEPS, ...UNDO_STEPS];

/** The steps of a rehearsal. */
export const SHOWN_REHEARSAL: readonly PlannedStep[] = [
  { name: 'freeze', summary: 'newest commits archived' },
  { name: 'fetch', summary: 'the backup, beside the running cluster' },
  { name: 'replay', summary: 'to the target' },
];

/** The steps of a cutover. */
export const SHOWN_CUTOVER: readonly PlannedStep[] = [
  { name: 'cut over', summary: 'the cluster is down meanwhile' },
  { name: 'back up', summary: 'afterwards, without downtime' },
];

/** The steps of an undo once others may know the new line. */
export const SHOWN_UNDO: readonly PlannedStep[] = [
  { name: 'archive', summary: 'what the recovered cluster has done' },
  { name: 'swap back', summary: 'the cluster is down meanwhile' },
  { name: 'back up', summary: 'afterwards, without downtime' },
];

/** Those of `shown` that the journal does not say are done: a run that goes on does not begin with them. */
export function stepsToCome(shown: readonly PlannedStep[], entries: readonly JournalEntry[]): readonly PlannedStep[] {
  return shown.filter(({ name }) => STEP_NAMES.some((step) => SHOWN[step] === name && !isStepDone(entries, step)));
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

/** Shows the lines of a journal. */
export interface ShownSteps {
  readonly onEntry: (entry: JournalEntry) => void;
  /** The work is at its end: so is the step that is under way. */
  readonly finish: () => void;
  /** The work goes another way: the step that is under way does not come to its end. */
  readonly stop: (note: string) => void;
}

/**
 * Reports journal lines: a shown step begins with its first and is finished when another begins or the work ends.
 *
 * @param begun the step that is under way when the first line comes.
 */
export function shownSteps(reporter: Reporter, begun?: string): ShownSteps {
  let current = begun;
  const moveTo = (next: string | undefined): void => {
    if (current === next) return;
    if (current !== undefined) reporter.finish(current);
    if (next !== undefined) reporter.begin(next);
    current = next;
  };
  return {
    onEntry: (entry) => {
      if (entry.event === 'begin') moveTo(SHOWN[entry.step]);
      if (entry.event === 'failed') {
        reporter.fail(SHOWN[entry.step], entry.step);
        current = undefined;
      }
    },
    finish: () => moveTo(undefined),
    stop: (note) => {
      if (current !== undefined) reporter.fail(current, note);
      current = undefined;
    },
  };
}
