/**
 * The screen of a plan.
 *
 * @module
 */

import type { Plan, PlannedTransaction } from '../../recovery/plan-value.ts';
import { countOf, describeMoment, formatAgo, formatBytes, formatDuration, shortTime } from './format.ts';
import type { Screen } from './screen.ts';

const LABEL = 11;

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** `  label    text`, wrapped below itself. */
export function labelled(label: string, texts: readonly string[], screen: Screen): string[] {
  const width = Math.max(40, screen.columns - LABEL);
  const lines = texts.flatMap((text) => wrap(text, width));
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL - 2)}${line}`);
}

function transaction(one: PlannedTransaction | null, none: string, screen: Screen): string {
  if (one === null) return none;
  const timeUs = BigInt(one.timeUs);
  return `${one.xid}  ${shortTime(timeUs, screen)}, ${formatAgo(timeUs, screen.nowUs())}`;
}

function targetLines({ target }: Plan, screen: Screen): string[] {
  const beside = target.firstLost ?? target.lastKept;
  return [
    ...(beside === null ? [] : [describeMoment(BigInt(beside.timeUs), screen)]),
    `${target.inclusive ? 'after' : 'before'} LSN ${target.lsn}, timeline ${target.timeline}`,
    `last kept   ${transaction(target.lastKept, 'none since the backup', screen)}`,
    `first lost  ${transaction(target.firstLost, 'none: the archive ends there', screen)}`,
  ];
}

function lineOfHistory({ replay }: Plan): string {
  return replay.line.map(({ timeline, endLsn }) => `${timeline} to ${endLsn}`).join(', then ');
}

/** What can be typed next. */
function nextLine(plan: Plan): string {
  return `Nothing has been changed.\n    walkback recover run ${plan.id}\n    walkback rehearse ${plan.id}\n`;
}

/** The screen of `walkback recover plan`. */
export function planText(plan: Plan, screen: Screen): string {
  const { backup, replay, estimate, space } = plan;
  const beside = (estimate.restoreSeconds + estimate.replaySeconds) * 1000;
  const loss =
    plan.laterCommits === 0 ? 'nothing' : screen.paint(countOf(plan.laterCommits, 'later transaction'), 'loss');
  const lines = [
    `Plan ${plan.id}: take ${plan.cluster.name} back to ${plan.target.asked}`,
    '',
    ...labelled('target', targetLines(plan, screen), screen),
    ...labelled('loses', [loss], screen),
    ...labelled(
      'from',
      [
        `backup ${backup.name} of ${shortTime(BigInt(Date.parse(backup.finishedAt)) * 1000n, screen)}, ${formatBytes(BigInt(backup.compressedBytes))}; replays ${countOf(replay.segments, 'segment')}, ${formatBytes(BigInt(replay.bytes))}`,
        `timeline ${lineOfHistory(plan)}`,
      ],
      screen,
    ),
    ...labelled(
      'takes',
      [
        `about ${formatDuration(Math.max(beside, 1000))} beside the running cluster, then about ${estimate.downSeconds} s of downtime`,
      ],
      screen,
    ),
    ...labelled(
      'needs',
      [`${formatBytes(BigInt(space.neededBytes))} in ${space.folder} (${formatBytes(BigInt(space.freeBytes))} free)`],
      screen,
    ),
    ...labelled('runs', [plan.commands.stop, plan.commands.start], screen),
    ...labelled('keeps', [`today's data, until:  walkback release ${plan.id}`], screen),
    ...labelled('proven', [plan.proven.join(' · ')], screen),
    ...plan.warnings.flatMap((warning) =>
      labelled('mind', [screen.paint(warning.text, 'attention'), ...warning.names.map((name) => `  ${name}`)], screen),
    ),
  ];
  return `${lines.join('\n')}\n\n${nextLine(plan)}`;
}
