/**
 * The steps of a recovery as an operator sees them, from the lines of the journal.
 *
 * @module
 */

import type { OnProgress } from '../base/progress.ts';
import type { JournalEntry } from '../recovery/journal.ts';
import type { StepName } from '../recovery/step-names.ts';
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

/** The steps of an undo. */
export const SHOWN_UNDO: readonly PlannedStep[] = [
  { name: 'archive', summary: 'what the recovered cluster has done' },
  { name: 'swap back', summary: 'the cluster is down meanwhile' },
  { name: 'back up', summary: 'afterwards, without downtime' },
];

const PHASES: ReadonlyMap<string, string> = new Map([
  ['backup', 'back up'],
  ['wal', 'back up'],
  ['scan', 'plan'],
]);

/** Progress under the names of the steps shown. */
export function shownProgress(reporter: Reporter): OnProgress {
  return (progress) => reporter.progress({ ...progress, phase: PHASES.get(progress.phase) ?? progress.phase });
}

/** Reports journal lines: a shown step begins with its first and is finished when another begins or the work ends. */
export function shownSteps(reporter: Reporter): { onEntry: (entry: JournalEntry) => void; finish: () => void } {
  let current: string | undefined;
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
  };
}
