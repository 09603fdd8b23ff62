/**
 * What happens as lines, for logs and pipes: one per step begun and ended, one every 30 s between, each with its time.
 *
 * @module
 */

import { formatDuration } from './format.ts';
import { outcomeText, progressText } from './progress-text.ts';
import type { Reporter, ReporterOutput } from './reporter.ts';
import { StepList, type Step } from './step-list.ts';

const QUIET_MS = 30_000;

/** A reporter that writes lines. */
export function lineReporter(output: ReporterOutput): Reporter {
  const list = new StepList();
  const lastLineAtMs = new Map<string, number>();
  const line = (text: string) => output.write(`${new Date(output.nowMs()).toISOString()} ${text}\n`);
  const announce = ({ step, isNew }: { step: Step; isNew: boolean }) => {
    if (!isNew) return;
    lastLineAtMs.set(step.name, output.nowMs());
    line(`${step.name}: begun${step.summary === '' ? '' : `, ${step.summary}`}`);
  };
  const close = (name: string, state: 'done' | 'failed', note: string | undefined) => {
    announce(list.begin(name, undefined, output.nowMs()));
    const step = list.endStep(name, state, note, output.nowMs());
    const outcome = outcomeText(step);
    const word = state === 'done' ? 'done' : 'FAILED';
    line(
      `${name}: ${word} in ${formatDuration(step.endedAtMs - step.begunAtMs)}${outcome === '' ? '' : `, ${outcome}`}`,
    );
  };
  return {
    plan: (title, steps) => {
      list.plan(title, steps);
      line(title);
    },
    begin: (name, summary) => announce(list.begin(name, summary, output.nowMs())),
    progress: (progress) => {
      const begun = list.report(progress, output.nowMs());
      announce(begun);
      if (output.nowMs() - (lastLineAtMs.get(begun.step.name) ?? 0) < QUIET_MS) return;
      lastLineAtMs.set(begun.step.name, output.nowMs());
      line(`${begun.step.name}: ${progressText(begun.step)}`);
    },
    finish: (name, note) => close(name, 'done', note),
    fail: (name, note) => close(name, 'failed', note),
    note: line,
    warn: (text) => line(`warning: ${text}`),
    pause: () => {},
    end: (outcome) => {
      for (const name of list.running) close(name, outcome, undefined);
    },
  };
}
