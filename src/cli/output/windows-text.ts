/**
 * The screen of `walkback window`, and the same as JSON.
 *
 * @module
 */

import type { ArchiveWindows } from '../../app/read-archive-windows.ts';
import type { Hole, TimelineWindows } from '../../history/window.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import type { TransactionEnd } from '../../postgres/recovery-target.ts';
import { formatTimeUs } from '../../postgres/timestamp.ts';
import { countOf, formatAgo, formatDuration, shortTime, zoneLine } from './format.ts';
import { reachGaps, type ReachGap } from './reach-gaps.ts';
import type { Screen } from './screen.ts';
import { hasBranches, timelineTree } from './timeline-tree.ts';
import { wrap } from './wrap.ts';
import { spanOf, timelineBar, wholeSpan, type TimeSpan } from './timeline-bar.ts';

const INDENT = 12;
const LONGEST_BAR = 60;

function heading(found: ArchiveWindows, screen: Screen): string[] {
  const cluster = `${found.clusterName}  system ${found.systemIdentifier}`;
  const archive = `archive ${found.address}  (${countOf(found.backups.length, 'backup')})`;
  const joined = `${cluster}  ${archive}`;
  return [...(joined.length <= screen.columns ? [joined] : [cluster, archive]), zoneLine(screen)];
}

function holeLines(hole: Hole, screen: Screen): string[] {
  const { before, behind } = hole;
  const span =
    before === undefined || behind === undefined
      ? `hole ${formatLsn(hole.fromLsn)} to ${formatLsn(hole.toLsn)}`
      : `hole ${shortTime(before.timeUs, screen)} to ${shortTime(behind.timeUs, screen)}, ${formatDuration(Number(behind.timeUs - before.timeUs) / 1000)} lost`;
  const names =
    hole.segmentCount === 1
      ? `${hole.firstMissing} is missing`
      : `${hole.firstMissing} to ${hole.lastMissing} are missing`;
  const most = before === undefined || behind === undefined ? 0 : numbersBetween(before.xid, behind.xid);
  const cost = most > 0 ? [`at most ${countOf(most, 'transaction')} ${most === 1 ? 'is' : 'are'} in it`] : [];
  return [screen.paint(span, 'loss'), names, ...cost];
}

/** Transaction numbers between two commits, those of subtransactions included; 0 if the second is not later. */
function numbersBetween(before: number, behind: number): number {
  const ahead = (behind - before) >>> 0;
  return ahead === 0 || ahead >= 0x80000000 ? 0 : ahead - 1;
}

function beginning(shown: TimelineWindows, span: TimeSpan | undefined, screen: Screen): string {
  const from = span === undefined ? 'nothing can be reached: no backup' : `from ${shortTime(span.fromUs, screen)}`;
  const { fork } = shown;
  return fork === undefined ? from : `${from}, forked from ${fork.timeline} at ${formatLsn(fork.switchLsn)}`;
}

function timelineLines(shown: TimelineWindows, screen: Screen, hasChild: boolean): string[] {
  const span = wholeSpan(shown);
  const ago = span === undefined || hasChild ? '' : `, ${formatAgo(span.toUs, screen.nowUs())}`;
  const end = span === undefined ? '' : ` ${shortTime(span.toUs, screen)}${ago}`;
  const width = Math.max(10, Math.min(LONGEST_BAR, screen.columns - INDENT - end.length));
  const label = `timeline ${shown.timeline}`.padEnd(INDENT);
  const damaged = shown.windows.filter((window) => window.because === 'damage');
  const below = [
    beginning(shown, span, screen),
    ...shown.holes.flatMap((hole) => holeLines(hole, screen)),
    ...damaged.map((window) => screen.paint(`a segment is damaged at ${formatLsn(window.toLsn)}`, 'loss')),
  ];
  return [
    `${label}${timelineBar(shown, width, screen, hasChild)}${end}`,
    ...below.map((line) => `${' '.repeat(INDENT)}${line}`),
  ];
}

/** `except in 2 gaps (9 d 22 h), each from a hole to the end of the next backup.` */
function exceptions(gaps: readonly ReachGap[], screen: Screen): string[] {
  const lengthMs = gaps.reduce((sum, gap) => sum + gap.lengthMs, 0);
  const kinds = new Set(gaps.map(({ because }) => because));
  const reasons = [...(kinds.has('hole') ? ['a hole'] : []), ...(kinds.has('damage') ? ['damage'] : [])].join(' or ');
  const count = `${countOf(gaps.length, 'gap')}${lengthMs > 0 ? ` (${formatDuration(lengthMs)})` : ''}`;
  const from = `${gaps.length > 1 ? 'each ' : ''}from ${reasons} to the end of the next backup`;
  return wrap(`except in ${count}, ${from}.`, screen.columns);
}

/** Of each timeline the first hole behind all that can be reached of it. */
function holesBehind(timelines: readonly TimelineWindows[]): Hole[] {
  return timelines.flatMap(({ windows, holes }) => {
    const last = windows.at(-1);
    return (last === undefined ? undefined : holes.find(({ fromLsn }) => fromLsn >= last.toLsn)) ?? [];
  });
}

function conclusion(found: ArchiveWindows, screen: Screen): string[] {
  const spans = found.timelines.flatMap((shown) => wholeSpan(shown) ?? []);
  const [first] = spans;
  if (first === undefined) {
    return ['Nothing can be reached: the archive holds no backup with the WAL behind it.', '    walkback backup take'];
  }
  const fromUs = spans.reduce((least, span) => (span.fromUs < least ? span.fromUs : least), first.fromUs);
  const toUs = spans.reduce((most, span) => (span.toUs > most ? span.toUs : most), first.toUs);
  const gaps = reachGaps(found.timelines);
  const range = `You can go to any transaction, ${shortTime(fromUs, screen)} to ${shortTime(toUs, screen)}`;
  const behind = holesBehind(found.timelines).flatMap(({ firstMissing }) =>
    wrap(`Nothing behind the hole at ${firstMissing} can be reached: no backup follows it.`, screen.columns),
  );
  return [...(gaps.length === 0 ? [`${range}.`] : [`${range},`, ...exceptions(gaps, screen)]), ...behind];
}

function unarchivedLine({ unarchived }: ArchiveWindows, screen: Screen): string[] {
  if (unarchived === undefined) return [];
  const { commitCount, isAll, last } = unarchived;
  const count = `${isAll ? '' : 'more than '}${countOf(commitCount, 'commit')}`;
  const at = `${shortTime(last.timeUs, screen)}, ${formatAgo(last.timeUs, screen.nowUs())}`;
  return [`On the server alone: ${count}, the last ${last.xid}, ${at}.`];
}

function remarks(found: ArchiveWindows, screen: Screen): string[] {
  const waiting = found.waitingSegments ?? 0;
  return [
    ...(waiting > 0 ? [`The server has ${countOf(waiting, 'segment')} more, not archived yet.`] : []),
    ...unarchivedLine(found, screen),
    ...found.unknownTimelines.map(
      (timeline) => `Timeline ${timeline} has WAL here, but no history file: it cannot be followed.`,
    ),
    ...found.broken.map(({ name }) => `Backup ${name} cannot be read: its sentinel is damaged.`),
    ...wrap(found.ignoredIndexes?.words ?? '', screen.columns).filter((line) => line !== ''),
  ];
}

/** The screen. */
export function windowsText(found: ArchiveWindows, screen: Screen): string {
  const parents = new Set(found.timelines.map(({ fork }) => fork?.timeline));
  const drawn = found.timelines.map((shown) => timelineLines(shown, screen, parents.has(shown.timeline)).join('\n'));
  const closing = [...conclusion(found, screen), ...remarks(found, screen)].join('\n');
  const branches = hasBranches(found.timelines) ? timelineTree(found.timelines, screen) : [];
  const tree = branches.map((line, index) => `${(index === 0 ? 'branches' : '').padEnd(INDENT)}${line}\n`).join('');
  return `${heading(found, screen).join('\n')}\n\n${drawn.join('\n')}\n\n${tree === '' ? '' : `${tree}\n`}${closing}\n`;
}

const commit = (end: TransactionEnd | undefined) =>
  end === undefined ? undefined : { xid: end.xid, time: formatTimeUs(end.timeUs), lsn: formatLsn(end.lsn) };

function timelineJson(shown: TimelineWindows) {
  return {
    timeline: shown.timeline,
    fork:
      shown.fork === undefined
        ? undefined
        : { from: shown.fork.timeline, lsn: formatLsn(shown.fork.switchLsn), reason: shown.fork.reason },
    backups: shown.backups.map((backup) => ({ name: backup.name, finishedAt: backup.finishedAt })),
    windows: shown.windows.map((window) => {
      const { fromUs, toUs } = spanOf(window, shown.timeline);
      return {
        backup: window.backup.name,
        from: formatTimeUs(fromUs),
        to: formatTimeUs(toUs),
        fromLsn: formatLsn(window.fromLsn),
        toLsn: formatLsn(window.toLsn),
        firstCommit: commit(window.firstCommit),
        lastCommit: commit(window.lastCommit),
        endsWith: window.because,
      };
    }),
    holes: shown.holes.map((hole) => ({
      firstMissing: hole.firstMissing,
      lastMissing: hole.lastMissing,
      segmentCount: hole.segmentCount,
      before: commit(hole.before),
      behind: commit(hole.behind),
    })),
  };
}

/** The object for `--json`. */
export function windowsJson(found: ArchiveWindows): unknown {
  return {
    cluster: found.clusterName,
    systemIdentifier: found.systemIdentifier,
    archive: found.address,
    backupCount: found.backups.length,
    brokenBackups: found.broken.map(({ name }) => name),
    timelines: found.timelines.map(timelineJson),
    unknownTimelines: found.unknownTimelines,
    waitingSegments: found.waitingSegments,
    ignoredIndexes: found.ignoredIndexes?.kept ?? [],
    unarchived:
      found.unarchived === undefined
        ? undefined
        : {
            commitCount: found.unarchived.commitCount,
            isAll: found.unarchived.isAll,
            lastCommit: commit(found.unarchived.last),
          },
  };
}
