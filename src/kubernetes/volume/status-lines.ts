/**
 * Tells how a rehearsal stands, a whole line each time: at once when something changes, and thinned while work goes on, so that a
 * container's log holds days of it.
 *
 * @module
 */

import type { Progress } from '../../base/progress.ts';
import { ProgressRate } from './progress-rate.ts';
import type { VolumeState, VolumeStatus } from './volume-status.ts';

const PROGRESS_EVERY_MS = 1000;

/** What a line says that changes. */
export type StatusChange = Partial<Omit<VolumeStatus, 'version' | 'at' | 'id' | 'progress' | 'state'>>;

/** Writes the lines of one rehearsal. */
export class StatusLines {
  #status: VolumeStatus;
  readonly #write: (status: VolumeStatus) => void;
  readonly #now: () => Date;
  readonly #rate = new ProgressRate();
  #writtenMs = -Infinity;

  constructor(
    given: Pick<VolumeStatus, 'id' | 'targetLsn' | 'starts'>,
    write: (status: VolumeStatus) => void,
    now: () => Date,
  ) {
    this.#write = write;
    this.#now = now;
    this.#status = {
      version: 1,
      at: now().toISOString(),
      state: 'starting',
      progress: null,
      replayLsn: null,
      otherCollations: [],
      damagedFiles: null,
      problem: null,
      finished: null,
      ...given,
    };
  }

  /** As it was told last. */
  get status(): VolumeStatus {
    return this.#status;
  }

  /** Something has changed. What is wrong is forgotten, unless it is told again. */
  tell(state: VolumeState, change: StatusChange = {}): void {
    const progress = state === this.#status.state ? this.#status.progress : null;
    this.#put({ ...this.#status, problem: null, ...change, state, progress });
  }

  /** Nothing has; it is alive. */
  repeat(): void {
    this.#put(this.#status);
  }

  /** Work goes on. */
  readonly onProgress = (progress: Progress): void => {
    const nowMs = this.#now().getTime();
    const rated = this.#rate.take(progress, nowMs);
    const isNew = progress.phase !== this.#status.progress?.phase;
    const isDone = progress.total !== undefined && progress.done >= progress.total;
    if (!isNew && !isDone && nowMs - this.#writtenMs < PROGRESS_EVERY_MS) return;
    this.#put({ ...this.#status, progress: rated });
  };

  #put(status: VolumeStatus): void {
    const now = this.#now();
    this.#writtenMs = now.getTime();
    this.#status = { ...status, at: now.toISOString() };
    this.#write(this.#status);
  }
}
