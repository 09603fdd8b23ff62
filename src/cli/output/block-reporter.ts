/**
 * What happens as one live block at a terminal, redrawn at most ten times a second; its last state stays on the screen.
 *
 * @module
 */

import { formatDuration } from './format.ts';
import { outcomeText, progressText } from './progress-text.ts';
import type { Reporter, ReporterOutput } from './reporter.ts';
import type { Screen, State } from './screen.ts';
import { StepList, type Step } from './step-list.ts';

const REDRAW_MS = 100;
const NAME_WIDTH = 12;
const BAR_WIDTH = 20;

const MARKS = {
  unicode: { waiting: ' ', running: '▸', done: '✔', failed: '✘', full: '█', empty: '░', cut: '…' },
  ascii: { waiting: ' ', running: '>', done: '+', failed: 'x', full: '#', empty: '.', cut: '~' },
} as const;

const STATES: Readonly<Record<Step['state'], State>> = {
  waiting: 'quiet',
  running: 'attention',
  done: 'good',
  failed: 'loss',
};

function fit(text: string, width: number, cut: string): string {
  const letters = Array.from(text);
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join('')}${cut}`;
}

/** `left` and `right` at the two ends of a line of `width`. */
function justify(left: string, right: string, width: number, cut: string): string {
  if (right === '') return fit(left, width, cut);
  const room = width - right.length - 1;
  const shown = fit(left, room, cut);
  return `${shown}${' '.repeat(Math.max(1, width - Array.from(shown).length - right.length))}${right}`;
}

function bar(step: Step, marks: (typeof MARKS)['unicode' | 'ascii']): string {
  const { progress } = step;
  if (progress?.total === undefined || progress.total <= 0) return '';
  const full = Math.min(BAR_WIDTH, Math.floor((progress.done / progress.total) * BAR_WIDTH));
  return `${marks.full.repeat(full)}${marks.empty.repeat(BAR_WIDTH - full)}  `;
}

function stepLines(step: Step, screen: Screen, nowMs: number): string[] {
  const marks = screen.hasUnicode ? MARKS.unicode : MARKS.ascii;
  const name = step.name.padEnd(NAME_WIDTH);
  const line = (text: string, right: string) => {
    const body = justify(` ${name}${text}`, right, screen.columns - 4, marks.cut);
    return `  ${screen.paint(marks[step.state], STATES[step.state])}${body}`;
  };
  if (step.state === 'waiting') return [line(step.summary, '')];
  if (step.state !== 'running') return [line(outcomeText(step), formatDuration(step.endedAtMs - step.begunAtMs))];
  const shownBar = bar(step, marks);
  const elapsed = formatDuration(nowMs - step.begunAtMs);
  if (shownBar === '') return [line(progressText(step), elapsed)];
  const below = `${' '.repeat(NAME_WIDTH + 4)}${progressText(step, false)}`;
  return [
    line(`${shownBar}${step.note ?? ''}`.trimEnd(), elapsed),
    fit(below.trimEnd(), screen.columns - 1, marks.cut),
  ];
}

/** The block's lines, none wider than the screen. */
export function blockLines(list: StepList, screen: Screen, begunAtMs: number, nowMs: number): string[] {
  const cut = screen.hasUnicode ? MARKS.unicode.cut : MARKS.ascii.cut;
  const head =
    list.title === '' ? [] : [justify(list.title, formatDuration(nowMs - begunAtMs), screen.columns - 1, cut), ''];
  return [...head, ...list.steps.flatMap((step) => stepLines(step, screen, nowMs))];
}

/** A reporter that draws a block. */
export function blockReporter(output: ReporterOutput, screen: Screen): Reporter {
  const list = new StepList();
  const begunAtMs = output.nowMs();
  let drawnLines = 0;
  let drawnAtMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const erase = () => {
    if (drawnLines > 0) output.write(`\r\u001b[${drawnLines}A\u001b[0J`);
    drawnLines = 0;
  };
  const stopTimer = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const draw = () => {
    stopTimer();
    const lines = blockLines(list, screen, begunAtMs, output.nowMs());
    const isRunning = list.steps.some((step) => step.state === 'running');
    const up = drawnLines > 0 ? `\r\u001b[${drawnLines}A\u001b[0J` : '';
    if (lines.length > 0) output.write(`${up}${lines.join('\n')}\n`);
    drawnLines = lines.length;
    drawnAtMs = output.nowMs();
    // Once a second at least, so that the times shown go on while nothing is reported.
    if (isRunning) timer = setTimeout(draw, 1000).unref();
  };
  const changed = () => {
    const waitMs = REDRAW_MS - (output.nowMs() - drawnAtMs);
    if (waitMs <= 0) return draw();
    stopTimer();
    timer = setTimeout(draw, waitMs);
    timer.unref();
  };
  const say = (text: string) => {
    stopTimer();
    erase();
    output.write(`${text}\n`);
    draw();
  };
  const pause = () => {
    // A second pause finds the last state standing above already.
    if (list.steps.length > 0 && (drawnLines > 0 || timer !== undefined)) draw();
    stopTimer();
    drawnLines = 0;
    list.dropEnded();
  };
  return {
    plan: (title, steps) => (list.plan(title, steps), changed()),
    begin: (name, summary) => (list.begin(name, summary, output.nowMs()), changed()),
    progress: (progress) => (list.report(progress, output.nowMs()), changed()),
    finish: (name, note) => (list.endStep(name, 'done', note, output.nowMs()), changed()),
    fail: (name, note) => (list.endStep(name, 'failed', note, output.nowMs()), changed()),
    note: say,
    warn: (text) => say(`${screen.paint('warning:', 'attention')} ${text}`),
    pause,
    end: (outcome) => {
      for (const name of list.running) list.endStep(name, outcome, undefined, output.nowMs());
      const hasEnded = list.steps.some(({ state }) => state !== 'waiting');
      if (hasEnded) draw();
      pause();
    },
  };
}
