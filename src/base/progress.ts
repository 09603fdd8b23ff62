/**
 * Progress of long work, as values: whoever shows it decides how.
 *
 * @module
 */

/** The phase of a report that has no step of its own: its note is one of the step that is under way. */
export const STEP_UNDER_WAY = '';

/** One report. Reports may come many times a second; the receiver thins them. */
export interface Progress {
  /** Which piece of work, as the plan names it: `fetch`, `replay`, `backup`, `scan` …; or {@link STEP_UNDER_WAY}. */
  readonly phase: string;
  /** How much is done, in `unit`. */
  readonly done: number;
  /** How much there is in all, when known. */
  readonly total?: number;
  readonly unit: 'bytes' | 'segments' | 'files' | 'objects' | 'members' | 'microseconds';
  /** A short note in words, such as the commit time that replay has reached. */
  readonly note?: string;
}

/** Receives progress. Must not throw. */
export type OnProgress = (progress: Progress) => void;

/** For callers that show nothing. */
export const noProgress: OnProgress = () => {};
