/**
 * Reports between two processes: what a command reports becomes frames on its side, and is reported again on the caller's,
 * in the form that suits the caller's screen, by the clock of the host where it happened.
 *
 * @module
 */

import type { Frame } from '../../agent/control/frames.ts';
import { fieldsOf } from '../../agent/control/control-messages.ts';
import type { Progress } from '../../base/progress.ts';
import type { PlannedStep, Reporter } from '../output/reporter.ts';

/** Progress is thinned: a caller cannot see more, and hours of it are kept. */
const PROGRESS_EVERY_MS = 500;

/** A reporter whose calls become frames. */
export function frameReporter(write: (frame: Frame) => void, nowMs = () => Date.now()): Reporter {
  const toldAtMs = new Map<string, number>();
  const say = (call: keyof Reporter, args: readonly unknown[]) => write({ kind: 'report', atMs: nowMs(), call, args });
  return {
    plan: (title, steps) => say('plan', [title, steps]),
    begin: (name, summary) => say('begin', [name, summary]),
    progress: (progress) => {
      const { phase, done, total } = progress;
      const isLast = done === total;
      if (!isLast && nowMs() - (toldAtMs.get(phase) ?? -Infinity) < PROGRESS_EVERY_MS) return;
      toldAtMs.set(phase, nowMs());
      say('progress', [progress]);
    },
    finish: (name, note) => say('finish', [name, note]),
    fail: (name, note) => say('fail', [name, note]),
    note: (line) => say('note', [line]),
    warn: (line) => say('warn', [line]),
    pause: () => say('pause', []),
    end: (outcome) => say('end', [outcome]),
  };
}

const UNITS: readonly Progress['unit'][] = ['bytes', 'segments', 'files', 'objects', 'members', 'microseconds'];

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function textOrNone(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function stepsOf(value: unknown): readonly PlannedStep[] {
  if (!Array.isArray(value)) return [];
  return value.map((step: unknown) => {
    const { name, summary } = fieldsOf(step);
    return { name: text(name), summary: text(summary) };
  });
}

function progressOf(value: unknown): Progress | undefined {
  const { phase, done, total, unit, note } = fieldsOf(value);
  const known = UNITS.find((one) => one === unit);
  if (typeof phase !== 'string' || typeof done !== 'number' || known === undefined) return undefined;
  return {
    phase,
    done,
    ...(typeof total === 'number' ? { total } : {}),
    unit: known,
    ...(typeof note === 'string' ? { note } : {}),
  };
}

/** Reports again what a frame says. What this side does not know is passed over: the other one may be newer. */
export function reportAgain({ call, args }: Extract<Frame, { kind: 'report' }>, reporter: Reporter): void {
  const [first, second] = args;
  switch (call) {
    case 'plan':
      return reporter.plan(text(first), stepsOf(second));
    case 'begin':
      return reporter.begin(text(first), textOrNone(second));
    case 'progress': {
      const progress = progressOf(first);
      return progress === undefined ? undefined : reporter.progress(progress);
    }
    case 'finish':
      return reporter.finish(text(first), textOrNone(second));
    case 'fail':
      return reporter.fail(text(first), textOrNone(second));
    case 'note':
      return reporter.note(text(first));
    case 'warn':
      return reporter.warn(text(first));
    case 'pause':
      return reporter.pause();
    case 'end':
      return reporter.end(first === 'done' ? 'done' : 'failed');
    default:
      return undefined;
  }
}
