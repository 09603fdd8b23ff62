/**
 * What a command has at hand while it runs.
 *
 * @module
 */

import type { CheckedCommand } from '../agent/control/serve-control.ts';
import type { Settings } from '../config/load-settings.ts';
import type { Questions } from './output/questions.ts';
import type { Reporter } from './output/reporter.ts';
import type { Screen } from './output/screen.ts';
import type { HoldSignals } from './signals.ts';

/** One run of one command. */
export interface Session {
  readonly settings: Settings;
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
  /** For work that must not stop midway: it asks for these signals itself, between its steps. */
  readonly holdSignals: HoldSignals;
  /** Where progress, steps and notes go: standard error, in the form that suits it. */
  readonly reporter: Reporter;
  /** What can be shown, and how times are written. */
  readonly screen: Screen;
  /** Asks at a terminal; elsewhere a missing answer is an error. */
  readonly questions: Questions;
  /** Looks at a command that a caller elsewhere wants to be run with these settings. @throws {Failure} if it may not. */
  readonly checkForCaller: (args: readonly string[], dataDirectory: string) => Promise<CheckedCommand>;
  /** Given with `--json`. */
  readonly isJson: boolean;
  /** Writes to standard output at once: for an answer that has no end, or is longer than memory. See `Answer.isWritten`. */
  readonly write: (text: string) => Promise<void>;
}
