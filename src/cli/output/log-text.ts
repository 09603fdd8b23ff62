/**
 * The screen of `walkback log`: a short span as a list; a long one as bars first, and then its largest transactions.
 *
 * @module
 */

import type { LogDigest } from '../../app/log-digest.ts';
import type { LogRemark } from '../../app/log-remarks.ts';
import type { LogEnd, LogFacts } from '../../app/log-value.ts';
import { timelineFlag } from '../../history/target-words.ts';
import type { LoggedTransaction } from '../../history/transactions/logged-transaction.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { formatTimeUs } from '../../postgres/timestamp.ts';
import { countOf, describeMoment, formatAgo, formatCount, readClock, shortTime, zoneLine } from './format.ts';
import { barLines } from './log-bars.ts';
import { remarkText } from './log-remark-text.ts';
import { dayOf, layoutFor, listHead, listLine, listLines } from './log-list.ts';
import type { Screen } from './screen.ts';
import { wrap } from './wrap.ts';

/** How much of a log is shown. */
export interface LogShape {
  /** `list`: the first ones; `largest`: those alone; `overview`: a list if it is short, otherwise bars and the largest. */
  readonly form: 'list' | 'largest' | 'overview';
}

/** A log that was read. */
export interface ShownLog {
  readonly facts: LogFacts;
  readonly digest: LogDigest;
  readonly end: LogEnd;
  readonly remarks: readonly LogRemark[];
  /** The last transaction that was read, shown or not. */
  readonly lastRead: LoggedTransaction | undefined;
}

/** Minutes that the screen's clock is ahead of UTC at a time. */
export function offsetMinutesAt(timeUs: bigint, zone: string): number {
  const local = readClock(timeUs, zone, 0);
  const utc = readClock(timeUs, 'UTC', 0);
  return (Date.parse(`${local.date}T${local.time}Z`) - Date.parse(`${utc.date}T${utc.time}Z`)) / 60_000;
}

/** The zone and the archive, on one line where there is room. */
export function logHeading(
  { facts, digest }: { readonly facts: LogFacts; readonly digest: Pick<LogDigest, 'first'> },
  screen: Screen,
): string[] {
  const day = digest.first === undefined ? '' : `${dayOf(digest.first, screen)}, `;
  const left = `${day}${zoneLine(screen)}`;
  const right = `${facts.clusterName}, ${facts.address}`;
  const gap = screen.columns - left.length - right.length;
  return gap >= 2 ? [`${left}${' '.repeat(gap)}${right}`] : [right, left];
}

function largestLines(digest: LogDigest, screen: Screen): string[] {
  const hasDays = new Set(digest.largest.map((one) => dayOf(one, screen))).size > 1;
  const layout = { ...layoutFor(digest.largest, screen), hasDays };
  return [listHead(layout), ...digest.largest.map((one) => listLine(one, layout, screen))];
}

/** Lines that lead on: the largest, and how to look at it. */
function pointer({ digest, facts }: ShownLog, screen: Screen): string[] {
  const [largest] = digest.largest;
  if (largest === undefined) return [];
  const moment = describeMoment(largest.timeUs, screen);
  const first = `Largest here: ${largest.xid}, ${moment}`;
  return ['', ...wrap(first, screen.columns), `    walkback show ${largest.xid}${timelineFlag(facts.namedTimeline)}`];
}

function moreLine(digest: LogDigest, screen: Screen): string[] {
  const more = digest.count - digest.listed.length;
  if (more <= 0) return [];
  const until = digest.last === undefined ? '' : ` until ${shortTime(digest.last.timeUs, screen)}`;
  return [
    `  ${screen.hasUnicode ? '…' : '...'} ${formatCount(more)} more${until}; --until, --table, --min-rows narrow`,
  ];
}

function overviewLines(shown: ShownLog, screen: Screen): string[] {
  const { digest, facts } = shown;
  const offset = digest.first === undefined ? 0 : offsetMinutesAt(digest.first.timeUs, screen.zone);
  const [largest] = digest.largest;
  const closer =
    largest === undefined
      ? []
      : [
          '',
          'All around it:',
          `    walkback log --around ${formatTimeUs(largest.timeUs).slice(0, 19)}Z --within 1min${timelineFlag(facts.namedTimeline)}`,
        ];
  return [
    ...barLines(digest, offset, screen),
    '',
    `The largest ${digest.largest.length} of ${countOf(digest.count, 'transaction')}:`,
    '',
    ...largestLines(digest, screen),
    ...pointer(shown, screen),
    ...closer,
  ];
}

function listed(shown: ShownLog, screen: Screen): string[] {
  const { digest } = shown;
  const [first] = digest.listed;
  const startDay = first === undefined ? undefined : dayOf(first, screen);
  return [...listLines(digest.listed, screen, startDay), ...moreLine(digest, screen), ...pointer(shown, screen)];
}

/** What was not shown, and why. */
function remarkLines({ digest, facts, remarks }: ShownLog, screen: Screen): string[] {
  const { withoutEffectCount, namelessCount } = digest;
  const quiet =
    withoutEffectCount > 0
      ? `${countOf(withoutEffectCount, 'transaction')} more changed no row of a table (locks, catalogs, statistics).`
      : undefined;
  const nameless =
    namelessCount > 0
      ? `Files without a name: ${facts.names}. --names-from a running server, or a rehearsal, names them.`
      : undefined;
  return [quiet, nameless, ...facts.notes, ...remarks.map((one) => remarkText(one, screen))]
    .filter((one) => one !== undefined)
    .flatMap((one) => wrap(one, screen.columns));
}

/** How the log ended, with what to do about it. */
export function endLines(end: LogEnd, last: LoggedTransaction | undefined, screen: Screen): string[] {
  const loss = (text: string) => wrap(text, screen.columns).map((line) => screen.paint(line, 'loss'));
  switch (end.kind) {
    case 'reached':
    case 'limit':
      return [];
    case 'endOfArchive':
      return last === undefined
        ? ['What there is ends here.']
        : [
            `What there is ends here: last ${last.xid}, ${shortTime(last.timeUs, screen)}, ${formatAgo(last.timeUs, screen.nowUs())}.`,
          ];
    case 'hole':
      return [
        ...loss(
          `STOPPED at a hole: ${end.missing} is missing, and the WAL goes on with ${end.resumes.fileName}. What was committed from there on is not in this list.`,
        ),
        '    walkback window',
      ];
    case 'damage':
      return loss(
        `STOPPED: ${end.stop.fileName} cannot be read behind ${formatLsn(end.stop.lsn)} (byte ${formatCount(end.stop.offsetBytes)}): ${end.stop.reason}. What was committed later is not in this list.`,
      );
  }
}

function body(shown: ShownLog, { form }: LogShape, screen: Screen): string[] {
  const { digest } = shown;
  if (digest.count === 0) return ['No transaction that was asked for is here.'];
  if (form === 'largest') return [...largestLines(digest, screen), ...pointer(shown, screen)];
  const isShort = digest.count <= digest.listed.length;
  return form === 'list' || isShort ? listed(shown, screen) : overviewLines(shown, screen);
}

/** The screen. */
export function logText(shown: ShownLog, shape: LogShape, screen: Screen): string {
  const closing = [...remarkLines(shown, screen), ...endLines(shown.end, shown.lastRead, screen)];
  const lines = [
    ...logHeading(shown, screen),
    '',
    ...body(shown, shape, screen),
    ...(closing.length === 0 ? [] : ['', ...closing]),
  ];
  return `${lines.join('\n')}\n`;
}
