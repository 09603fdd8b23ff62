/**
 * What the summary of an index says of its events and its work, gathered from columns or from objects.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import { isCommit, isTransactionEnd } from '../postgres/wal-records/wal-event.ts';
import { columnsOfIndex } from './index-columns.ts';
import { isCatalogChange } from './index-event-details.ts';
import type { IndexEvent, SegmentIndex, SegmentIndexSummary, XidWork } from './segment-index.ts';
import {
  DELETED,
  FILE,
  FILE_MEMBERS,
  FIRST_FILE,
  INSERTED,
  NEXT,
  TRANSACTION_MEMBERS,
  UPDATED,
  XID,
  type WorkColumns,
} from './work-columns.ts';

const US_PER_MINUTE = 60_000_000;
/** `FirstNormalObjectId`: files of lower numbers are catalogs. */
const FIRST_USER_FILENODE = 16_384;
const HALF_OF_XIDS = 0x80000000;
const NOTHING: readonly never[] = [];

type Minute = SegmentIndexSummary['minutes'][number];

/** The members of a summary that events and work tell. */
export type GatheredSummary = Pick<
  SegmentIndexSummary,
  'lowestXid' | 'firstEndUs' | 'lastEndUs' | 'commitCount' | 'redoLsns' | 'switchesTo' | 'hasDdl' | 'minutes'
>;

/** Gathers them: from columns, where the index still has them, or from objects. */
export function gatherSummary(index: SegmentIndex): GatheredSummary {
  const gathered = new Gathered(index.highestXid);
  const columns = columnsOfIndex(index);
  if (columns === undefined) {
    for (const event of index.events) gathered.event(event);
    const minutes = gathered.minutes();
    for (const work of index.work) gathered.work(work.xid, userRowsOf(work), changesFiles(work), minutes);
    return gathered.summary(minutes);
  }
  columns.events.visit(
    (end) => {
      gathered.end(end.isCommit, end.xid, end.timeUs);
    },
    (event) => {
      gathered.event(event);
    },
  );
  const minutes = gathered.minutes();
  gatherWork(columns.work, gathered, minutes);
  return gathered.summary(minutes);
}

/** What a summary says of work, from columns. */
function gatherWork(work: WorkColumns, gathered: Gathered, minutes: MinuteRows): void {
  const { transactions, files, relationFiles, rare } = work;
  const isUserFile = relationFiles.map(({ filenode }) => filenode >= FIRST_USER_FILENODE);
  const end = work.transactionCount * TRANSACTION_MEMBERS;
  for (let at = 0; at < end; at += TRANSACTION_MEMBERS) {
    let rows = 0;
    for (let next = transactions[at + FIRST_FILE] ?? 0; next > 0;) {
      const row = (next - 1) * FILE_MEMBERS;
      const isUsers = isUserFile[files[row + FILE] ?? 0] === true;
      if (isUsers) rows += (files[row + INSERTED] ?? 0) + (files[row + UPDATED] ?? 0) + (files[row + DELETED] ?? 0);
      next = files[row + NEXT] ?? 0;
    }
    const unusual = rare.size === 0 ? undefined : rare.get(at);
    gathered.work(transactions[at + XID] ?? 0, rows, unusual !== undefined && changesFiles(unusual), minutes);
  }
}

/** The summary's members that come of events and work. */
class Gathered {
  readonly #highestXid: number | undefined;
  /** How far the transaction that was assigned first is behind the highest, numbers going round. */
  #farthest = 0;
  #earliestUs: bigint | number | undefined;
  #latestUs: bigint | number | undefined;
  #commitCount = 0;
  #hasDdl = false;
  readonly #redoLsns: Lsn[] = [];
  readonly #switchesTo: number[] = [];
  /** Of each end: its minute, its transaction (for one with subtransactions, all), whether it is a commit. */
  readonly #endMinutes: number[] = [];
  readonly #endXids: number[] = [];
  readonly #endIsCommit: boolean[] = [];
  readonly #subxids = new Map<number, readonly number[]>();

  constructor(highestXid: number | undefined) {
    this.#highestXid = highestXid;
  }

  event(event: IndexEvent): void {
    if (!isCatalogChange(event) && isTransactionEnd(event)) {
      if (event.subxids.length > 0) this.#subxids.set(this.#endXids.length, event.subxids);
      this.end(isCommit(event), event.xid, event.timeUs);
      return;
    }
    this.#takeXid(event.xid);
    if (event.kind === 'checkpoint') this.#redoLsns.push(event.redoLsn);
    this.#switchesTo.push(...timelineBegunBy(event));
    this.#hasDdl ||= isDdl(event);
  }

  end(isOne: boolean, xid: number, timeUs: bigint | number): void {
    this.#takeXid(xid);
    if (this.#earliestUs === undefined || timeUs < this.#earliestUs) this.#earliestUs = timeUs;
    if (this.#latestUs === undefined || timeUs > this.#latestUs) this.#latestUs = timeUs;
    if (isOne) this.#commitCount += 1;
    this.#endMinutes.push(Math.floor(Number(timeUs) / US_PER_MINUTE));
    this.#endXids.push(xid);
    this.#endIsCommit.push(isOne);
  }

  work(xid: number, rows: number, isDdlWork: boolean, minutes: MinuteRows): void {
    this.#takeXid(xid);
    this.#hasDdl ||= isDdlWork;
    if (rows > 0) minutes.addRows(xid, rows);
  }

  /** Once all ends are known: where rows are counted. */
  minutes(): MinuteRows {
    const minutes = new MinuteRows(this.#minuteOf());
    for (const [place, minute] of this.#endMinutes.entries()) {
      if (this.#endIsCommit[place] === true) minutes.at(minute).commits += 1;
    }
    return minutes;
  }

  summary(minutes: MinuteRows): GatheredSummary {
    const [highest, earliest, latest] = [this.#highestXid, this.#earliestUs, this.#latestUs];
    return {
      lowestXid: highest === undefined ? undefined : (highest - this.#farthest) >>> 0,
      firstEndUs: earliest === undefined ? undefined : BigInt(earliest),
      lastEndUs: latest === undefined ? undefined : BigInt(latest),
      commitCount: this.#commitCount,
      redoLsns: this.#redoLsns,
      switchesTo: this.#switchesTo,
      hasDdl: this.#hasDdl,
      minutes: minutes.all(),
    };
  }

  #takeXid(xid: number): void {
    if (this.#highestXid === undefined || xid === 0) return;
    const behind = (this.#highestXid - xid) >>> 0;
    if (behind < HALF_OF_XIDS && behind > this.#farthest) this.#farthest = behind;
  }

  /** The minute to which a transaction's rows count; `undefined` for one that was rolled back, or if nothing ended. */
  #minuteOf(): (xid: number) => number | undefined {
    const [only] = this.#endMinutes;
    const isOneMinute = this.#commitCount === this.#endMinutes.length && this.#endMinutes.every((one) => one === only);
    if (isOneMinute) return () => only;
    const known = new Map<number, number | undefined>();
    for (const [place, xid] of this.#endXids.entries()) {
      const minute = this.#endIsCommit[place] === true ? this.#endMinutes[place] : undefined;
      known.set(xid, minute);
      for (const subxid of this.#subxids.get(place) ?? NOTHING) known.set(subxid, minute);
    }
    const last = this.#endMinutes.at(-1);
    return (xid) => (known.has(xid) ? known.get(xid) : last);
  }
}

/** Rows and commits of each minute. */
class MinuteRows {
  readonly #minutes = new Map<number, { minute: number; commits: number; rows: number }>();
  readonly #minuteOf: (xid: number) => number | undefined;
  #last = { minute: Number.NaN, commits: 0, rows: 0 };

  constructor(minuteOf: (xid: number) => number | undefined) {
    this.#minuteOf = minuteOf;
  }

  at(minute: number): { minute: number; commits: number; rows: number } {
    if (this.#last.minute === minute) return this.#last;
    const known = this.#minutes.get(minute) ?? { minute, commits: 0, rows: 0 };
    this.#minutes.set(minute, known);
    this.#last = known;
    return known;
  }

  addRows(xid: number, rows: number): void {
    const minute = this.#minuteOf(xid);
    if (minute !== undefined) this.at(minute).rows += rows;
  }

  all(): readonly Minute[] {
    return [...this.#minutes.values()].toSorted((a, b) => a.minute - b.minute);
  }
}

function timelineBegunBy(event: IndexEvent): readonly number[] {
  if (event.kind !== 'checkpoint' && event.kind !== 'endOfRecovery') return NOTHING;
  return event.thisTimeline === event.previousTimeline ? NOTHING : [event.thisTimeline];
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

function changesFiles({
  createdFiles,
  cutFiles,
  truncatedOids,
}: Pick<XidWork, 'createdFiles' | 'cutFiles' | 'truncatedOids'>): boolean {
  return createdFiles.length > 0 || cutFiles.length > 0 || truncatedOids.length > 0;
}

function userRowsOf({ files }: XidWork): number {
  let rows = 0;
  for (const { file, inserted, updated, deleted } of files) {
    if (file.filenode >= FIRST_USER_FILENODE) rows += inserted + updated + deleted;
  }
  return rows;
}
