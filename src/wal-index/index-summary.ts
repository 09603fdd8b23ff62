/**
 * The summary of an index: made of it, and as it stands at the head of the index's object.
 *
 * Rows are counted to the minute in which their transaction ended, if it ended in the same segment, otherwise to that of
 * the segment's last end; rows of PostgreSQL's own catalogs not at all. They are for the bars of a long span, and no more.
 *
 * @module
 */

import { isCommit, isTransactionEnd, type TransactionEnded } from '../postgres/wal-records/wal-event.ts';
import type { Major } from '../postgres/versions.ts';
import {
  flag,
  list,
  optional,
  position,
  shape,
  signed,
  signed64,
  text,
  unsigned,
  unsigned32,
  unsigned64,
  type Field,
} from './index-fields.ts';
import { isCatalogChange } from './index-event-details.ts';
import type { IndexEvent, SegmentIndex, SegmentIndexSummary, XidWork } from './segment-index.ts';

const US_PER_MINUTE = 60_000_000;
/** `FirstNormalObjectId`: files of lower numbers are catalogs. */
const FIRST_USER_FILENODE = 16_384;
const HALF_OF_XIDS = 0x80000000;

type Minute = SegmentIndexSummary['minutes'][number];

/** What an index and its summary have in common. */
type Common = Pick<
  SegmentIndex,
  | 'fileName'
  | 'timeline'
  | 'startLsn'
  | 'sizeBytes'
  | 'systemIdentifier'
  | 'major'
  | 'contentCrc'
  | 'first'
  | 'last'
  | 'highestXid'
>;

/** The members that an index and its summary have in common. */
export function commonOf(from: Common): Common {
  const { fileName, timeline, startLsn, sizeBytes, systemIdentifier, major: version, contentCrc } = from;
  const { first, last, highestXid } = from;
  return {
    fileName,
    timeline,
    startLsn,
    sizeBytes,
    systemIdentifier,
    major: version,
    contentCrc,
    first,
    last,
    highestXid,
  };
}

/** The summary of an index. */
export function summaryOf(index: SegmentIndex): SegmentIndexSummary {
  const ends = index.events.flatMap((event) => (isCatalogChange(event) || !isTransactionEnd(event) ? [] : [event]));
  const [firstEndUs, lastEndUs] = timesOf(ends);
  return {
    ...commonOf(index),
    lowestXid: lowestXidOf(index),
    firstEndUs,
    lastEndUs,
    commitCount: ends.filter(isCommit).length,
    redoLsns: index.events.flatMap((event) => (event.kind === 'checkpoint' ? [event.redoLsn] : [])),
    switchesTo: index.events.flatMap(timelineBegunBy),
    isStopped: index.stop !== undefined,
    hasDdl: index.events.some(isDdl) || index.work.some(changesFiles),
    minutes: minutesOf(ends, index.work),
  };
}

function timesOf(ends: readonly TransactionEnded[]): readonly [bigint | undefined, bigint | undefined] {
  let [earliest, latest] = [ends[0]?.timeUs, ends[0]?.timeUs];
  for (const { timeUs } of ends) {
    if (earliest === undefined || timeUs < earliest) earliest = timeUs;
    if (latest === undefined || timeUs > latest) latest = timeUs;
  }
  return [earliest, latest];
}

/** The one that was assigned first, numbers going round: the farthest behind the highest. */
function lowestXidOf({ highestXid, work, events }: SegmentIndex): number | undefined {
  if (highestXid === undefined) return undefined;
  let farthest = 0;
  const take = (xid: number): void => {
    const behind = (highestXid - xid) >>> 0;
    if (xid !== 0 && behind < HALF_OF_XIDS && behind > farthest) farthest = behind;
  };
  for (const { xid } of work) take(xid);
  for (const { xid } of events) take(xid);
  return (highestXid - farthest) >>> 0;
}

function timelineBegunBy(event: IndexEvent): number[] {
  if (event.kind !== 'checkpoint' && event.kind !== 'endOfRecovery') return [];
  return event.thisTimeline === event.previousTimeline ? [] : [event.thisTimeline];
}

/** True for what changes names, databases or tablespaces. A row of a catalog that is changed in place is no definition. */
function isDdl(event: IndexEvent): boolean {
  switch (event.kind) {
    case 'catalogRows':
      return !event.isImage && event.xid !== 0;
    case 'catalogUpdate':
    case 'catalogDelete':
    case 'relationMap':
    case 'databaseCreate':
    case 'databaseDrop':
    case 'databaseInvalid':
    case 'tablespaceCreate':
    case 'tablespaceDrop':
      return true;
    default:
      return false;
  }
}

function changesFiles({ createdFiles, cutFiles, truncatedOids }: XidWork): boolean {
  return createdFiles.length > 0 || cutFiles.length > 0 || truncatedOids.length > 0;
}

function minutesOf(ends: readonly TransactionEnded[], work: readonly XidWork[]): readonly Minute[] {
  const minutes = new Map<number, { minute: number; commits: number; rows: number }>();
  const at = (minute: number) => {
    const known = minutes.get(minute) ?? { minute, commits: 0, rows: 0 };
    minutes.set(minute, known);
    return known;
  };
  const minuteEnds = ends.map(({ timeUs }) => Math.floor(Number(timeUs) / US_PER_MINUTE));
  for (const [place, end] of ends.entries()) if (isCommit(end)) at(minuteEnds[place] ?? 0).commits += 1;
  const [onlyMinute] = minuteEnds;
  const isOneMinute = minuteEnds.every((minute) => minute === onlyMinute) && ends.every(isCommit);
  const minuteOf = isOneMinute ? () => onlyMinute : minuteOfEach(ends, minuteEnds);
  for (const one of work) {
    const rows = userRowsOf(one);
    const minute = rows > 0 ? minuteOf(one.xid) : undefined;
    if (minute !== undefined) at(minute).rows += rows;
  }
  return [...minutes.values()].toSorted((a, b) => a.minute - b.minute);
}

/** The minute to which a transaction's rows count; `undefined` for one that was rolled back, or if nothing ended. */
function minuteOfEach(
  ends: readonly TransactionEnded[],
  minuteEnds: readonly number[],
): (xid: number) => number | undefined {
  const known = new Map<number, number | undefined>();
  for (const [place, end] of ends.entries()) {
    const minute = isCommit(end) ? minuteEnds[place] : undefined;
    known.set(end.xid, minute);
    for (const xid of end.subxids) known.set(xid, minute);
  }
  const last = minuteEnds.at(-1);
  return (xid) => (known.has(xid) ? known.get(xid) : last);
}

function userRowsOf({ files }: XidWork): number {
  let rows = 0;
  for (const { file, inserted, updated, deleted } of files) {
    if (file.filenode >= FIRST_USER_FILENODE) rows += inserted + updated + deleted;
  }
  return rows;
}

const MAJORS: readonly Major[] = [14, 15, 16, 17, 18];

const major: Field<Major> = {
  write: (out, value) => out.unsigned(value),
  read: (from) => {
    const number = from.unsigned();
    const known = MAJORS.find((one) => one === number);
    if (known === undefined) throw from.problem(`PostgreSQL ${number}, which is not known here,`);
    return known;
  },
};

/** The summary in an index object. The order of its members is the format. */
export const summaryField: Field<SegmentIndexSummary> = shape<SegmentIndexSummary>({
  fileName: text,
  timeline: unsigned32,
  startLsn: position,
  sizeBytes: unsigned,
  systemIdentifier: unsigned64,
  major,
  contentCrc: unsigned32,
  first: optional(shape({ lsn: position, previousLsn: position })),
  last: optional(shape({ lsn: position, endLsn: position })),
  highestXid: optional(unsigned32),
  lowestXid: optional(unsigned32),
  firstEndUs: optional(signed64),
  lastEndUs: optional(signed64),
  commitCount: unsigned,
  redoLsns: list(position),
  switchesTo: list(unsigned32),
  isStopped: flag,
  hasDdl: flag,
  minutes: list(shape<Minute>({ minute: signed, commits: unsigned, rows: unsigned })),
});
