/**
 * How fast work goes, of the last seconds alone, and when it will be done.
 *
 * @module
 */

import type { Progress } from '../../base/progress.ts';
import type { VolumeProgress } from './volume-status.ts';

const WINDOW_MS = 10_000;
/** A rate of less is a guess. */
const LEAST_MS = 1000;

interface Sample {
  readonly atMs: number;
  readonly done: number;
}

/** Keeps what was done when, of one phase at a time. */
export class ProgressRate {
  #phase = '';
  #samples: Sample[] = [];

  /** Takes a report; answers it with its rate. */
  take(progress: Progress, nowMs: number): VolumeProgress {
    if (progress.phase !== this.#phase || progress.done < (this.#samples.at(-1)?.done ?? 0)) this.#samples = [];
    this.#phase = progress.phase;
    this.#samples.push({ atMs: nowMs, done: progress.done });
    // One that is older than the window stays, so that a window is always spanned.
    while ((this.#samples[1]?.atMs ?? Infinity) <= nowMs - WINDOW_MS) this.#samples.shift();
    const ratePerSecond = this.#rate(nowMs, progress.done);
    const { phase, done, total, unit, note } = progress;
    const left = total === undefined ? undefined : Math.max(0, total - done);
    const etaSeconds =
      left === undefined || ratePerSecond === null || ratePerSecond <= 0 ? null : Math.ceil(left / ratePerSecond);
    return { phase, done, total: total ?? null, unit, ratePerSecond, etaSeconds, note: note ?? null };
  }

  #rate(nowMs: number, done: number): number | null {
    const [first] = this.#samples;
    if (first === undefined || nowMs - first.atMs < LEAST_MS) return null;
    return Math.round(((done - first.done) * 1000) / (nowMs - first.atMs));
  }
}
