/**
 * What the pod of a Job says that carries out a recovery: its lines are the events of `--json`, and are reported here again.
 *
 * @module
 */

import { failureFrom, fieldsOf } from '../../agent/control/control-messages.ts';
import { Failure } from '../../base/failure.ts';
import { STEP_UNDER_WAY } from '../../base/progress.ts';
import type { Reporter } from '../output/reporter.ts';
import { reportAgain } from '../relay/frame-reporter.ts';

function objectOf(line: string): Record<string, unknown> {
  if (!line.startsWith('{')) return {};
  try {
    return fieldsOf(JSON.parse(line));
  } catch {
    // Something else that a pod's log may hold.
    return {};
  }
}

function callOf(said: Record<string, unknown>): readonly [keyof Reporter, readonly unknown[]] | undefined {
  const { event, title, steps, step, summary, note, text } = said;
  switch (event) {
    case 'planned':
      return ['plan', [title, steps]];
    case 'stepBegun':
      return ['begin', [step, summary]];
    case 'progress':
      return ['progress', [{ ...said, phase: said['isNote'] === true ? STEP_UNDER_WAY : step }]];
    case 'stepFinished':
      return ['finish', [step, note]];
    case 'stepFailed':
      return ['fail', [step, note]];
    case 'note':
      return ['note', [text]];
    case 'warning':
      return ['warn', [text]];
    default:
      return undefined;
  }
}

/** A bug, or the signal that stopped it, is told as any other failure. */
function failureOf(said: Record<string, unknown>): Failure {
  const { message } = said;
  return (
    failureFrom(said) ??
    new Failure('failed', {
      message: typeof message === 'string' ? message : 'its pod was stopped',
      remedy: 'Look at its log. The same command goes on where the journal ends.',
    })
  );
}

/** Reports a line again. @returns how the pod has ended, if the line says that it has failed. */
export function reportCarried(line: string, reporter: Reporter): Failure | undefined {
  const said = objectOf(line);
  if (said['event'] === 'failed') return failureOf(said);
  const call = callOf(said);
  if (call !== undefined) reportAgain({ kind: 'report', atMs: 0, call: call[0], args: call[1] }, reporter);
  return undefined;
}
