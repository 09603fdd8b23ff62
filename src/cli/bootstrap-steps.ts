/**
 * The steps of a bootstrap as an operator sees them, from the lines of its journal.
 *
 * @module
 */

import type { BootstrapEntry, BootstrapStep } from '../bootstrap/journal.ts';
import type { ClonePlan } from '../bootstrap/clone-plan-value.ts';
import type { OnProgress } from '../base/progress.ts';
import type { PlannedStep, Reporter } from './output/reporter.ts';
import { shownJournal, type ShownJournal } from './output/shown-journal.ts';

/** What each step is part of. */
const SHOWN: Record<BootstrapStep, string> = {
  restore: 'fetch',
  prepare: 'replay',
  replay: 'replay',
  reserveTimeline: 'open',
  promote: 'open',
  setPasswords: 'open',
  stop: 'open',
  copy: 'copy',
  upgrade: 'upgrade',
  configure: 'put in place',
  record: 'put in place',
  putInPlace: 'put in place',
};

/** The steps of a clone. */
export function shownCloneSteps(plan: ClonePlan): PlannedStep[] {
  const upgrade: PlannedStep[] =
    plan.upgrade === null ? [] : [{ name: 'upgrade', summary: `to PostgreSQL ${plan.upgrade.to}` }];
  return [
    { name: 'fetch', summary: `backup ${plan.backup.name}, beside the data directory` },
    { name: 'replay', summary: `${plan.replay.segments} segments, to the target` },
    { name: 'open', summary: 'on a new timeline, and prove where it stopped' },
    ...upgrade,
    { name: 'put in place', summary: 'one rename' },
  ];
}

const PHASES: ReadonlyMap<string, string> = new Map([['scan', 'plan']]);

/** How many percent are done, beside what else is said. */
function percentOf(done: number, total: number | undefined): string | undefined {
  return total === undefined || total <= 0 ? undefined : `${Math.min(100, Math.floor((done / total) * 100))} %`;
}

/** Progress under the names of the steps shown, each with its percentage. */
export function shownBootstrapProgress(reporter: Reporter): OnProgress {
  return (progress) => {
    const notes = [percentOf(progress.done, progress.total), progress.note].filter((note) => note !== undefined);
    reporter.progress({
      ...progress,
      phase: PHASES.get(progress.phase) ?? progress.phase,
      ...(notes.length === 0 ? {} : { note: notes.join(', ') }),
    });
  };
}

/** Shows the lines of a bootstrap's journal. */
export function shownBootstrapSteps(reporter: Reporter): ShownJournal<BootstrapEntry> {
  return shownJournal(reporter, SHOWN);
}
