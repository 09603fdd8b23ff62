/**
 * What happens as objects, one a line, for `--json`: `{"at":"…","event":"…",…}`.
 *
 * Events: `planned`, `stepBegun`, `progress` (at most one a second per step; with `isNote` its note alone is of the step),
 * `stepFinished`, `stepFailed`, `note`, `warning`; the program adds `failed`.
 *
 * @module
 */

import { STEP_UNDER_WAY } from '../../base/progress.ts';
import { jsonText } from './json-text.ts';
import type { Reporter, ReporterOutput } from './reporter.ts';
import { StepList, type Step } from './step-list.ts';

const PROGRESS_EVERY_MS = 1000;

/** A reporter that writes JSON lines. */
export function jsonReporter(output: ReporterOutput): Reporter {
  const list = new StepList();
  const lastAtMs = new Map<string, number>();
  const event = (name: string, facts: object) =>
    output.write(`${jsonText({ at: new Date(output.nowMs()).toISOString(), event: name, ...facts })}\n`);
  const announce = ({ step, isNew }: { step: Step; isNew: boolean }) => {
    if (isNew) event('stepBegun', { step: step.name, summary: step.summary });
  };
  const close = (name: string, state: 'done' | 'failed', note: string | undefined) => {
    announce(list.begin(name, undefined, output.nowMs()));
    const step = list.endStep(name, state, note, output.nowMs());
    const durationMs = step.endedAtMs - step.begunAtMs;
    event(state === 'done' ? 'stepFinished' : 'stepFailed', { step: name, durationMs, note });
  };
  return {
    plan: (title, steps) => {
      list.plan(title, steps);
      event('planned', { title, steps });
    },
    begin: (name, summary) => announce(list.begin(name, summary, output.nowMs())),
    progress: (progress) => {
      const begun = list.report(progress, output.nowMs());
      announce(begun);
      const isLast = progress.done === progress.total;
      if (!isLast && output.nowMs() - (lastAtMs.get(progress.phase) ?? 0) < PROGRESS_EVERY_MS) return;
      lastAtMs.set(progress.phase, output.nowMs());
      const { phase, ...rest } = progress;
      event('progress', { step: begun.step.name, ...rest, ...(phase === STEP_UNDER_WAY ? { isNote: true } : {}) });
    },
    finish: (name, note) => close(name, 'done', note),
    fail: (name, note) => close(name, 'failed', note),
    note: (text) => event('note', { text }),
    warn: (text) => event('warning', { text }),
    pause: () => {},
    end: (outcome) => {
      for (const name of list.running) close(name, outcome, undefined);
    },
  };
}
