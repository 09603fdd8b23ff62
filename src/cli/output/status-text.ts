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

/** A remedy in lines: those to type stand alone, as they are; prose is wrapped. */
function remedyLines(topics: string, remedy: string, screen: Screen): string[] {
  if (remedy.startsWith('walkback ')) return [`${topics}:`, `    ${remedy}`];
  const [first = '', ...rest] = remedy.split('\n');
  const more = rest.flatMap((line) => (line.startsWith(' ') ? [line] : wrap(line, screen.columns)));
  return [...wrap(`${topics}: ${first}`, screen.columns), ...more];
}

/** What to do, the worst first, each once. */
function todo(findings: readonly Finding[], screen: Screen): string[] {
  const wanted = (level: Level) =>
    findings.filter((finding) => finding.level === level && finding.remedy !== undefined);
  const topicsByRemedy = new Map<string, string[]>();
  for (const { topic, remedy = '' } of [...wanted('act'), ...wanted('look')]) {
    topicsByRemedy.set(remedy, [...(topicsByRemedy.get(remedy) ?? []), topic]);
  }
  return [...topicsByRemedy].flatMap(([remedy, topics]) =>
    remedyLines([...new Set(topics)].join(', '), remedy, screen),
  );
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
