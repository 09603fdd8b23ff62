/**
 * The screen of `walkback status`.
 *
 * @module
 */

import type { Protection } from '../../app/read-protection.ts';
import { zoneLine } from './format.ts';
import type { Screen, State } from './screen.ts';
import { worstOf, type Finding, type Level } from './status-findings.ts';
import { wrap } from './wrap.ts';

/** What `walkback status` exits with. */
export const LEVEL_CODES: Readonly<Record<Level, number>> = { ok: 0, look: 1, act: 2 };

const WORDS: Readonly<Record<Level, string>> = { ok: 'ok', look: 'look', act: 'ACT NOW' };
const STATES: Readonly<Record<Level, State>> = { ok: 'good', look: 'attention', act: 'loss' };
const MARKS: Readonly<Record<Level, readonly [unicode: string, ascii: string]>> = {
  ok: ['✔', '+'],
  look: ['▸', '>'],
  act: ['✘', 'x'],
};
const INDENT = 14;

function findingLines(finding: Finding, screen: Screen): string[] {
  const [unicode, ascii] = MARKS[finding.level];
  const mark = screen.paint(screen.hasUnicode ? unicode : ascii, STATES[finding.level]);
  const [first = '', ...rest] = wrap(finding.text, screen.columns - INDENT);
  return [`  ${mark} ${finding.topic.padEnd(INDENT - 4)}${first}`, ...rest.map((line) => ' '.repeat(INDENT) + line)];
}

/** What to do, the worst first. A line that can be typed stands alone. */
function todo(findings: readonly Finding[], screen: Screen): string[] {
  const wanted = (level: Level) => findings.filter((finding) => finding.level === level);
  return [...wanted('act'), ...wanted('look')].flatMap(({ topic, remedy = '' }) => {
    const isCommand = remedy.startsWith('walkback ');
    return isCommand ? [`${topic}:`, `    ${remedy}`] : wrap(`${topic}: ${remedy}`, screen.columns);
  });
}

/** The screen. */
export function statusText(found: Protection, findings: readonly Finding[], screen: Screen): string {
  const level = worstOf(findings);
  const head = `${found.clusterName}: ${screen.paint(WORDS[level], STATES[level])}`;
  const lines = findings.flatMap((finding) => findingLines(finding, screen));
  const what = todo(findings, screen);
  const address = `archive ${found.address}, ${zoneLine(screen)}`;
  return [head, ...wrap(address, screen.columns), '', ...lines, ...(what.length === 0 ? [] : ['', ...what]), ''].join(
    '\n',
  );
}
