/**
 * The steps of a run and how far each is: what reporters draw from.
 *
 * @module
 */

import { STEP_UNDER_WAY, type Progress } from '../../base/progress.ts';
import type { PlannedStep } from './reporter.ts';

/** How a step stands. */
export type StepState = 'waiting' | 'running' | 'done' | 'failed';

/** One step. */
export interface Step {
  readonly name: string;
  summary: string;
  state: StepState;
  begunAtMs: number;
  endedAtMs: number;
  progress: Progress | undefined;
  note: string | undefined;
  /** For the rate: when how much was done, over the last seconds. */
  samples: { readonly atMs: number; readonly done: number }[];
}

const RATE_SPAN_MS = 10_000;

function newStep(name: string, summary: string): Step {
  const never = { begunAtMs: 0, endedAtMs: 0, progress: undefined, note: undefined };
  return { name, summary, state: 'waiting', ...never, samples: [] };
}

/** Steps by name, in order. */
export class StepList {
  title = '';
  readonly #steps = new Map<string, Step>();

  get steps(): readonly Step[] {
    return [...this.#steps.values()];
  }

  /** The names of the steps under way. */
  get running(): readonly string[] {
    return this.steps.filter(({ state }) => state === 'running').map(({ name }) => name);
  }

  plan(title: string, steps: readonly PlannedStep[]): void {
    this.title = title;
    for (const step of steps) this.#steps.set(step.name, newStep(step.name, step.summary));
  }

  /** Forgets the steps that are over. */
  dropEnded(): void {
    for (const { name, state } of this.steps) if (state === 'done' || state === 'failed') this.#steps.delete(name);
  }

  /** The step, begun; `isNew` if it was not running already. */
  begin(name: string, summary: string | undefined, nowMs: number): { step: Step; isNew: boolean } {
    const step = this.#steps.get(name) ?? newStep(name, summary ?? '');
    this.#steps.set(name, step);
    if (summary !== undefined) step.summary = summary;
    if (step.state === 'running') return { step, isNew: false };
    step.state = 'running';
    step.begunAtMs = nowMs;
    step.samples = [];
    return { step, isNew: true };
  }

  report(progress: Progress, nowMs: number): { step: Step; isNew: boolean } {
    if (progress.phase === STEP_UNDER_WAY) return this.#noteUnderWay(progress, nowMs);
    const begun = this.begin(progress.phase, undefined, nowMs);
    const { step } = begun;
    // The same step goes on with something else: what was counted before says nothing of its rate.
    if (step.progress?.unit !== progress.unit) [step.samples, step.note] = [[], undefined];
    step.progress = progress;
    if (progress.note !== undefined) step.note = progress.note;
    step.samples = step.samples.filter((sample) => nowMs - sample.atMs <= RATE_SPAN_MS);
    step.samples.push({ atMs: nowMs, done: progress.done });
    return begun;
  }

  /** What is counted of the step itself stays as it is. */
  #noteUnderWay({ note }: Progress, nowMs: number): { step: Step; isNew: boolean } {
    const begun = this.begin(this.running.at(-1) ?? 'wait', undefined, nowMs);
    begun.step.note = note === '' ? undefined : note;
    return begun;
  }

  endStep(name: string, state: 'done' | 'failed', note: string | undefined, nowMs: number): Step {
    const { step } = this.begin(name, undefined, nowMs);
    step.state = state;
    step.endedAtMs = nowMs;
    step.note = note;
    return step;
  }
}

/** Units done per second over the last seconds; `undefined` while too little is known. */
export function ratePerSecond(step: Step): number | undefined {
  const first = step.samples[0];
  const last = step.samples.at(-1);
  if (first === undefined || last === undefined || last.atMs - first.atMs < 500) return undefined;
  const rate = ((last.done - first.done) * 1000) / (last.atMs - first.atMs);
  return rate > 0 ? rate : undefined;
}

/** Milliseconds to the end at the present rate; `undefined` while that cannot be said. */
export function remainingMs(step: Step): number | undefined {
  const rate = ratePerSecond(step);
  const { progress } = step;
  if (rate === undefined || progress?.total === undefined) return undefined;
  return (Math.max(0, progress.total - progress.done) * 1000) / rate;
}
