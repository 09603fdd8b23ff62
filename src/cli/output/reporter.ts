/**
 * What happens while a command runs: steps begun and finished, progress, notes. Goes to standard error.
 *
 * Three forms of the same: a live block at a terminal, lines elsewhere, objects for `--json`.
 *
 * @module
 */

import type { OnProgress } from '../../base/progress.ts';

/** A step to come. `name` is the `phase` of its progress. */
export interface PlannedStep {
  readonly name: string;
  /** A few words: what it does. */
  readonly summary: string;
}

/** Receives what happens. No method throws. */
export interface Reporter {
  /**
   * Names the steps to come, in order. Steps that are over stay as they are; steps that are reported without having been
   * named are added at the end.
   */
  readonly plan: (title: string, steps: readonly PlannedStep[]) => void;
  readonly begin: (name: string, summary?: string) => void;
  /** Progress of the step that is called like its phase; begins it if need be. */
  readonly progress: OnProgress;
  readonly finish: (name: string, note?: string) => void;
  readonly fail: (name: string, note?: string) => void;
  /** A line that the operator should read. */
  readonly note: (line: string) => void;
  readonly warn: (line: string) => void;
  /** Leaves the last state standing so that a question can be asked below; what follows shows only what is not over yet. */
  readonly pause: () => void;
  /** Ends the steps under way as the work ended, and leaves the last state. Nothing is reported afterwards. */
  readonly end: (outcome: 'done' | 'failed') => void;
}

/** Where a reporter writes, and its clock. */
export interface ReporterOutput {
  readonly write: (text: string) => void;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: () => number;
}
