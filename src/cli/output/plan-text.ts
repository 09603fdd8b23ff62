/**
 * The screen of a plan.
 *
 * @module
 */

import type { Plan, PlannedTransaction } from '../../recovery/plan-value.ts';
import { countOf, describeMoment, formatBytes, formatDuration, shortTime } from './format.ts';
import { didText, lossLines } from './losses-text.ts';
import { lsn, parseLsn } from '../../postgres/lsn.ts';
import { patroniLines, restartLines } from './patroni-text.ts';
import { timelineTree } from './timeline-tree.ts';
import { parseInstant } from '../../base/local-time.ts';
import type { Screen } from './screen.ts';
import { visibleLength, wrap } from './wrap.ts';

/** Columns in front of what is labelled. */
export const LABEL = 11;

/** `  label    text`, wrapped below itself. */
export function labelled(label: string, texts: readonly string[], screen: Screen): string[] {
  const width = Math.max(40, screen.columns - LABEL);
  // Aligned columns stay as they are where they fit.
  const lines = texts.flatMap((text) => (visibleLength(text) <= width ? [text] : wrap(text, width)));
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(LABEL - 2)}${line}`);
}

/** Digits after the second that tell the two neighbours apart. */
function digitsFor({ lastKept, firstLost }: Plan['target']): 3 | 6 {
  if (lastKept === null || firstLost === null) return 3;
  const isSameMs = BigInt(lastKept.timeUs) / 1000n === BigInt(firstLost.timeUs) / 1000n;
  return isSameMs ? 6 : 3;
}

/** `last kept   601761  today 08:00:03.377  jobs ~1`: both in columns. */
function neighbourLines({ target }: Plan, screen: Screen): string[] {
  const { lastKept, firstLost } = target;
  const digits = digitsFor(target);
  const width = Math.max(...[lastKept, firstLost].map((one) => String(one?.xid ?? '').length));
  const line = (label: string, one: PlannedTransaction | null, none: string): string => {
    if (one === null) return `${label}  ${none}`;
    const head = `${label}  ${String(one.xid).padEnd(width)}  ${shortTime(BigInt(one.timeUs), screen, digits)}`;
    const did = didText(one, screen.columns - LABEL - head.length - 2, screen);
    return did === '' ? head : `${head}  ${did}`;
  };
  return [
    line('last kept ', lastKept, 'none since the backup'),
    line('first lost', firstLost, 'none: the archive ends there'),
  ];
}

/** The moment meant: the time that was asked for, or else that of the transaction beside it. */
function meantUs({ asked, inclusive, firstLost, lastKept }: Plan['target']): bigint | undefined {
  const [, time] = /(\d{4}-\d\d-\d\dT[\d:.]+Z)$/.exec(asked) ?? [];
  if (time !== undefined) return parseInstant(time, { zone: undefined, flag: 'target' });
  const beside = inclusive ? (lastKept ?? firstLost) : (firstLost ?? lastKept);
  return beside === null ? undefined : BigInt(beside.timeUs);
}

function targetLines(plan: Plan, screen: Screen): string[] {
  const { target } = plan;
  const digits = digitsFor(target);
  const us = meantUs(target);
  return [
    ...(us === undefined ? [] : [describeMoment(us, screen, digits)]),
    ...neighbourLines(plan, screen),
    `${target.inclusive ? 'after' : 'before'} LSN ${target.lsn}, timeline ${target.timeline}`,
  ];
}

/** Only what was left on the way is worth a line. */
function lineOfHistory({ replay }: Plan): string[] {
  if (replay.line.length < 2) return [];
  return [`timeline ${replay.line.map(({ timeline, endLsn }) => `${timeline} to ${endLsn}`).join(', then ')}`];
}

/** All lines of history, where there is more than one to choose from. */
function historyLines(plan: Plan, screen: Screen): string[] {
  const timelines = plan.timelines ?? [];
  if (timelines.length < 2) return [];
  const branches = timelines.map(({ timeline, fork }) => ({
    timeline,
    fork:
      fork === null
        ? undefined
        : { timeline: fork.timeline, switchLsn: parseLsn(fork.lsn) ?? lsn(0n), reason: fork.reason },
  }));
  const note = (timeline: number): string => {
    const words = [
      ...(timeline === plan.target.timeline ? [`the target, at ${plan.target.lsn}`] : []),
      ...(timeline === plan.preconditions.liveTimeline ? ['the cluster today'] : []),
    ];
    return words.length === 0 ? '' : `  <- ${words.join('; ')}`;
  };
  return timelineTree(branches, screen, note);
}

/** The program by its name alone: its folder is as long as a line. */
function command(line: string): string {
  return line.replace(/^\/\S*\/(?=\S)/, '');
}

/** What can be typed next. */
function nextLine(plan: Plan): string {
  return `Nothing has been changed.\n    walkback recover run ${plan.id}\nOnly look, beside the running cluster:\n    walkback rehearse ${plan.id}\n`;
}

/** What a plan came to, for a run that goes straight on: the moment is between these two. */
export function targetNotes(plan: Plan, screen: Screen): string[] {
  const loss = plan.laterCommits === 0 ? 'nothing' : countOf(plan.laterCommits, 'later transaction');
  const neighbours = neighbourLines(plan, screen).map((line) => `  ${line}`);
  return [`Plan ${plan.id}: ${plan.target.asked}, loses ${loss}.`, ...neighbours];
}

function block(label: string, texts: readonly string[], screen: Screen): string[] {
  return texts.length === 0 ? [] : labelled(label, texts, screen);
}

/** The screen of `walkback recover plan`. @param more lines of its kind of cluster, behind what restarts. */
export function planText(plan: Plan, screen: Screen, more: readonly string[] = []): string {
  const { backup, replay, estimate, space } = plan;
  const beside = (estimate.restoreSeconds + estimate.replaySeconds) * 1000;
  const lines = [
    `Plan ${plan.id}: take ${plan.cluster.name} back to ${plan.target.asked}`,
    '',
    ...labelled('target', targetLines(plan, screen), screen),
    ...labelled('loses', lossLines(plan, screen), screen),
    ...labelled(
      'from',
      [
        `backup ${backup.name} of ${shortTime(BigInt(Date.parse(backup.finishedAt)) * 1000n, screen)}, ${formatBytes(BigInt(backup.compressedBytes))}; replays ${countOf(replay.segments, 'segment')}, ${formatBytes(BigInt(replay.bytes))}`,
        ...lineOfHistory(plan),
      ],
      screen,
    ),
    ...block('history', historyLines(plan, screen), screen),
    ...block('members', patroniLines(plan), screen),
    ...labelled(
      'takes',
      [
        `about ${formatDuration(Math.max(beside, 1000)).replace('.0 s', ' s')} beside the running cluster, then about ${estimate.downSeconds} s of downtime`,
      ],
      screen,
    ),
    ...labelled(
      'needs',
      [`${formatBytes(BigInt(space.neededBytes))} in ${space.folder} (${formatBytes(BigInt(space.freeBytes))} free)`],
      screen,
    ),
    ...block('restarts', restartLines(plan), screen),
    ...labelled('runs', [command(plan.commands.stop), command(plan.commands.start)], screen),
    ...more,
    ...labelled('keeps', [`today's data, until:  walkback release ${plan.id}`], screen),
    ...labelled('proven', [plan.proven.join(' · ')], screen),
    ...plan.warnings.flatMap((warning) =>
      labelled('mind', [screen.paint(warning.text, 'attention'), ...warning.names.map((name) => `  ${name}`)], screen),
    ),
  ];
  return `${lines.join('\n')}\n\n${nextLine(plan)}`;
}
