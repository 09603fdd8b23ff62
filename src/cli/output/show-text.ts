/**
 * The screen of `walkback show`: one transaction, its neighbours, and how to get to either side of it.
 *
 * @module
 */

import type { Reach, ShownTransaction } from '../../app/shown-transaction.ts';
import { isLargeTransaction } from '../../app/transaction-size.ts';
import { percentOf } from '../../history/share-percent.ts';
import { timelineFlag } from '../../history/target-words.ts';
import type { LoggedTransaction, RelationChange } from '../../history/transactions/logged-transaction.ts';
import { formatLsn } from '../../postgres/lsn.ts';
import { definitionPhrases } from './definition-words.ts';
import { countOf, formatAgo, formatBytes, formatCount, formatDuration, readClock, shortTime } from './format.ts';
import { LABEL, labelled } from './plan-text.ts';
import { countsText, workOfRelation } from './relation-words.ts';
import type { Screen, State } from './screen.ts';
import { shownText } from './shown-name.ts';
import { effectText, endingWords } from './transaction-words.ts';
import { wrap } from './wrap.ts';

const MOST_TABLES = 20;
const MOST_SUBXIDS = 12;

function title({ one, askedXid }: ShownTransaction, screen: Screen): string {
  const ended = endingWords(one) || 'committed';
  const asked = askedXid === undefined || askedXid === one.xid ? '' : ` (${askedXid} is a subtransaction of it)`;
  const text = `Transaction ${one.xid}, ${ended} ${formatAgo(one.timeUs, screen.nowUs())}${asked}`;
  return isLargeTransaction(one) ? screen.paint(text, 'loss') : text;
}

/** Digits after the second that tell it from its neighbours. */
function digitsFor({ one, before, after }: ShownTransaction): 3 | 6 {
  const isSame = (other: LoggedTransaction | undefined) =>
    other !== undefined && other.timeUs / 1000n === one.timeUs / 1000n;
  return isSame(before) || isSame(after) ? 6 : 3;
}

function moment(shown: ShownTransaction, screen: Screen): string {
  const digits = digitsFor(shown);
  const { timeUs } = shown.one;
  const utc = readClock(timeUs, 'UTC', digits);
  if (screen.zone === 'UTC' || screen.zone === 'Etc/UTC') return `${utc.date} ${utc.time} UTC`;
  const local = readClock(timeUs, screen.zone, digits);
  const utcDate = utc.date === local.date ? '' : `${utc.date} `;
  return `${local.date} ${local.time} ${screen.zone}    ${utcDate}${utc.time} UTC`;
}

function shareWords({ deletedShare, updatedShare, relation }: RelationChange): string {
  const share = Math.max(deletedShare ?? 0, updatedShare ?? 0);
  const rows = relation?.estimatedRows;
  if (share === 0 || rows === undefined) return '';
  const estimate = `about ${countOf(Math.round(rows), 'row')}`;
  return share > 1 ? `more than its estimate, ${estimate}` : `${percentOf(share)} of ${estimate}`;
}

function tableLines(changes: readonly RelationChange[]): string[] {
  const rows = changes.slice(0, MOST_TABLES).map((change) => ({
    name: workOfRelation(change).name,
    counts: countsText(workOfRelation(change)) || '+0',
    moved: movedWords(change),
    share: shareWords(change),
  }));
  const nameWidth = Math.max(0, ...rows.map(({ name }) => name.length));
  const countWidth = Math.max(0, ...rows.map(({ counts }) => counts.length));
  const lines = rows.map(({ name, counts, moved, share }) =>
    [name.padEnd(nameWidth), counts.padEnd(countWidth), moved, share]
      .filter((part) => part !== '')
      .join('   ')
      .trimEnd(),
  );
  const more = changes.length - rows.length;
  return more > 0 ? [...lines, `and ${countOf(more, 'more table')}`] : lines;
}

function movedWords({ movedIn, movedOut }: RelationChange): string {
  return [
    movedIn > 0 ? `${formatCount(movedIn)} moved here` : '',
    movedOut > 0 ? `${formatCount(movedOut)} moved to other partitions` : '',
  ]
    .filter((part) => part !== '')
    .join(', ');
}

/** Partitions are shown as such, with the table that they are of. */
function rootLine(changes: readonly RelationChange[]): string[] {
  const roots = new Set(changes.flatMap(({ root }) => (root === undefined ? [] : [root.name])));
  return roots.size === 0 ? [] : [`(partitions of ${[...roots].map(shownText).join(', ')})`];
}

function didLines({ one }: ShownTransaction, screen: Screen): string[] {
  const definitions = definitionPhrases(one.definitions).map(({ text, isLoss }) =>
    isLoss ? screen.paint(text, 'loss') : text,
  );
  const effects = [...definitions, ...tableLines(one.changes), ...rootLine(one.changes)];
  const size = `${formatBytes(one.walBytes)} of WAL`;
  const only = one.isIncomplete ? 'at least: it began before what was read' : 'nothing else';
  if (effects.length === 0) return [`no rows and no definitions (${size})`];
  return [...effects, `(${only}; ${size})`];
}

function whereLines({ one }: ShownTransaction): string[] {
  const first = one.firstLsn ?? one.lsn;
  const database = one.databaseName === undefined ? '' : `, database ${shownText(one.databaseName)}`;
  return [
    `${formatLsn(first)} to ${formatLsn(one.endLsn)}, timeline ${one.timeline}${database}`,
    ...(one.preparedLsn === undefined ? [] : [`prepared at ${formatLsn(one.preparedLsn)}`]),
    ...(one.gid === undefined || one.outcome === 'prepared' ? [] : [`as "${shownText(one.gid)}"`]),
    ...(one.originId === undefined || one.originId === 0 ? [] : [`replicated from origin ${one.originId}`]),
  ];
}

function subxidLines({ subxids }: LoggedTransaction): string[] {
  if (subxids.length === 0) return [];
  const more = subxids.length - MOST_SUBXIDS;
  const shown = subxids.slice(0, MOST_SUBXIDS).join(', ');
  return [more > 0 ? `${shown} and ${countOf(more, 'more', 'more')}` : shown];
}

const gapWords = (ms: number): string => (ms < 1000 ? `${Math.round(ms)} ms` : formatDuration(ms));

/** Wrapped first: colour does not go over the end of a line. */
function painted(words: string, state: State, screen: Screen): string[] {
  return wrap(words, screen.columns - LABEL).map((line) => screen.paint(line, state));
}

/** Why no commit behind it is shown. */
function lastLines({ end }: ShownTransaction, screen: Screen): string[] {
  switch (end?.kind) {
    case 'hole': {
      const goesOn = `the WAL goes on with ${end.resumes.fileName}`;
      return painted(`not known, reading STOPPED at a hole: ${end.missing} is missing, ${goesOn}`, 'loss', screen);
    }
    case 'damage': {
      const { fileName, lsn, reason } = end.stop;
      const where = `${fileName} cannot be read behind ${formatLsn(lsn)}`;
      return painted(`not known, reading STOPPED: ${where}: ${reason}`, 'loss', screen);
    }
    default:
      return ['it is the last one'];
  }
}

function neighbourLines(shown: ShownTransaction, screen: Screen): [string, string[]][] {
  const { one, before, after } = shown;
  const line = (other: LoggedTransaction | undefined, none: string[], word: string) => {
    if (other === undefined) return none;
    const gapMs = Math.abs(Number(other.timeUs - one.timeUs)) / 1000;
    const head = `${other.xid}, ${gapMs < 1 ? 'at the same time' : `${gapWords(gapMs)} ${word}`}  `;
    return [`${head}${effectText(other, Math.max(20, screen.columns - LABEL - head.length), screen)}`];
  };
  return [
    ['before', line(before, ['no commit was read before it'], 'earlier')],
    ['after', line(after, lastLines(shown, screen), 'later')],
  ];
}

function reachWords(reach: Reach, screen: Screen): string {
  switch (reach.kind) {
    case 'yes': {
      const at = shortTime(BigInt(reach.backup.finishedAt.getTime()) * 1000n, screen);
      return `backup of ${at}, ${countOf(reach.segmentCount, 'segment')}, all present`;
    }
    case 'noBackup':
      return 'there is no backup from before it';
    case 'notArchived':
      return 'its WAL is not in the archive yet';
    case 'hole':
      return reach.firstMissing === reach.lastMissing
        ? `${reach.firstMissing} is missing`
        : `${reach.firstMissing} to ${reach.lastMissing} are missing`;
    case 'damage':
      return `${reach.fileName} was replaced or cut since it was indexed, and cannot be read`;
  }
}

function reachLines({ reach: { before, after } }: ShownTransaction, screen: Screen): string[] {
  const one = (reach: Reach, sides: string) => {
    const words = `${reach.kind === 'yes' ? 'yes' : 'no'}, ${sides}: ${reachWords(reach, screen)}`;
    return painted(words, reach.kind === 'yes' ? 'good' : 'loss', screen);
  };
  if (before.kind !== after.kind) return [...one(before, 'before it'), ...one(after, 'after it')];
  const sides = before.kind === 'yes' ? 'both sides' : 'neither side';
  return one(before, sides);
}

/** The lines to type that lead to either side. */
function ways(shown: ShownTransaction): string[] {
  const line = timelineFlag(shown.namedTimeline);
  const { xid, outcome } = shown.one;
  const { before, after } = shown.reach;
  const isCommitted = outcome === 'commit' || outcome === 'commitPrepared';
  if (!isCommitted) return [];
  const just = [
    'Look at the moment just before it, beside the running cluster:',
    `    walkback rehearse --before-xid ${xid}${line}`,
    'Take the cluster back to it; the plan says what that loses:',
    `    walkback recover plan --before-xid ${xid}${line}`,
  ];
  const behind = [
    'Look at the moment just after it:',
    `    walkback rehearse --after-xid ${xid}${line}`,
    'Take the cluster back to that one:',
    `    walkback recover plan --after-xid ${xid}${line}`,
  ];
  return [...(before.kind === 'yes' ? just : []), ...(after.kind === 'yes' ? behind : [])];
}

/** What to do where a side cannot be reached. */
function remedies({ reach }: ShownTransaction): string[] {
  const kinds = new Set([reach.before.kind, reach.after.kind]);
  return [
    ...(kinds.has('notArchived') ? ['Let the server archive it:', "    psql -c 'select pg_switch_wal()'"] : []),
    ...(kinds.has('hole') || kinds.has('noBackup') ? ['What can be reached:', '    walkback window'] : []),
  ];
}

/** The screen. */
export function showText(shown: ShownTransaction, screen: Screen): string {
  const { one, notes } = shown;
  const rows: [string, string[]][] = [
    ['at', [moment(shown, screen)]],
    ['did', didLines(shown, screen)],
    ['where', whereLines(shown)],
    ['subxids', subxidLines(one)],
    ...neighbourLines(shown, screen),
    ['reach', reachLines(shown, screen)],
    ['mind', [...notes]],
  ];
  const lines = rows.flatMap(([label, texts]) => (texts.length === 0 ? [] : labelled(label, texts, screen)));
  const closing = [...ways(shown), ...remedies(shown)];
  return `${[title(shown, screen), ...lines, ...(closing.length === 0 ? [] : ['', ...closing])].join('\n')}\n`;
}
