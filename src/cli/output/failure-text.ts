/**
 * How a failure is shown: what was asked and found, then what is known, then the way out. Never a stack trace for
 * something an operator can cause.
 *
 * @module
 */

import { isFailure, messageOf, type Failure } from '../../base/failure.ts';
import type { Screen } from './screen.ts';
import { withLocalTimes } from './times-in-text.ts';

/** The messages of the causes below a failure that its own message does not hold already. */
function causesOf(failure: Failure): string[] {
  const found: string[] = [];
  let cause = failure.cause;
  while (cause !== undefined && found.length < 8) {
    found.push(messageOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return found;
}

const indent = (lines: string): string => lines.replace(/^(?=.)/gm, '  ');

function failureText(failure: Failure, screen: Screen, isVerbose: boolean, hasZone: boolean): string {
  const shown = (text: string) => (hasZone ? withLocalTimes(text, screen) : text);
  const causes = isVerbose ? causesOf(failure).map((cause) => `caused by: ${cause}`) : [];
  const lines = [...failure.facts, ...causes, failure.remedy].map((line) => indent(shown(line)));
  return `${screen.paint(`walkback: ${shown(failure.message)}`, 'loss')}\n${lines.join('\n')}\n`;
}

function bugText(error: unknown): string {
  const trace = error instanceof Error ? (error.stack ?? messageOf(error)) : messageOf(error);
  return `walkback: a bug in walkback: ${messageOf(error)}\n${indent(trace)}\n  Please report it, with these lines.\n`;
}

/** How it is shown. `hasZone`: somebody named the zone of the screen, and reads times in it. */
interface Shown {
  readonly isVerbose: boolean;
  readonly hasZone: boolean;
}

/** The text for standard error of whatever ended a command. */
export function endingText(error: unknown, screen: Screen, { isVerbose, hasZone }: Shown): string {
  return isFailure(error) ? failureText(error, screen, isVerbose, hasZone) : bugText(error);
}

/** The same as one object, for `--json`. */
export function endingJson(error: unknown): Record<string, unknown> {
  if (!isFailure(error)) return { kind: 'bug', message: messageOf(error) };
  return { kind: error.kind, message: error.message, facts: error.facts, remedy: error.remedy };
}
