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
import { XidMinutes } from './xid-minutes.ts';

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
  const columns = columnsOfIndex(index);
  const gathered = new Gathered(index.highestXid, columns?.events.count ?? index.events.length);
  if (columns === undefined) {
    for (const event of index.events) gathered.event(event);
    for (const work of index.work) gathered.work(work.xid, userRowsOf(work), changesFiles(work));
    return gathered.summary();
  }
  columns.events.visit(
    (end) => {
      gathered.end(end.isCommit, end.xid, end.timeUs);
    },
    (event) => {
      gathered.event(event);
    },
  );
  gatherWork(columns.work, gathered);
  return gathered.summary();
}

/** What a summary says of work, from columns. */
function gatherWork(work: WorkColumns, gathered: Gathered): void {
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
    gathered.work(transactions[at + XID] ?? 0, rows, unusual !== undefined && changesFiles(unusual));
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
  readonly #ends: XidMinutes;
  readonly #minutes = new MinuteRows();
  #minuteOf: ((xid: number) => number | undefined) | undefined;

  constructor(highestXid: number | undefined, eventCount: number) {
    this.#ends = new XidMinutes(eventCount);
    this.#highestXid = highestXid;
  }

  event(event: IndexEvent): void {
    if (!isCatalogChange(event) && isTransactionEnd(event)) {
      const minute = this.end(isCommit(event), event.xid, event.timeUs);
      for (const subxid of event.subxids) this.#ends.addChild(subxid, minute, isCommit(event));
      return;
    }
    this.#takeXid(event.xid);
    if (event.kind === 'checkpoint') this.#redoLsns.push(event.redoLsn);
    this.#switchesTo.push(...timelineBegunBy(event));
    this.#hasDdl ||= isDdl(event);
  }

  /** An end of a transaction; gives the minute of it. */
  end(isOne: boolean, xid: number, timeUs: bigint | number): number {
    this.#takeXid(xid);
    if (this.#earliestUs === undefined || timeUs < this.#earliestUs) this.#earliestUs = timeUs;
    if (this.#latestUs === undefined || timeUs > this.#latestUs) this.#latestUs = timeUs;
    const minute = Math.floor(Number(timeUs) / US_PER_MINUTE);
    if (isOne) this.#minutes.at(minute).commits += 1;
    if (isOne) this.#commitCount += 1;
    this.#ends.add(xid, minute, isOne);
    return minute;
  }

  work(xid: number, rows: number, isDdlWork: boolean): void {
    this.#takeXid(xid);
    this.#hasDdl ||= isDdlWork;
    if (rows <= 0) return;
    // All ends are known by now.
    this.#minuteOf ??= this.#ends.lookup();
    const minute = this.#minuteOf(xid);
    if (minute !== undefined) this.#minutes.at(minute).rows += rows;
  }

  summary(): GatheredSummary {
    const [highest, earliest, latest] = [this.#highestXid, this.#earliestUs, this.#latestUs];
    return {
      lowestXid: highest === undefined ? undefined : (highest - this.#farthest) >>> 0,
      firstEndUs: earliest === undefined ? undefined : BigInt(earliest),
      lastEndUs: latest === undefined ? undefined : BigInt(latest),
      commitCount: this.#commitCount,
      redoLsns: this.#redoLsns,
      switchesTo: this.#switchesTo,
      hasDdl: this.#hasDdl,
      minutes: this.#minutes.all(),
    };
  }

  #takeXid(xid: number): void {
    if (this.#highestXid === undefined || xid === 0) return;
    const behind = (this.#highestXid - xid) >>> 0;
    if (behind < HALF_OF_XIDS && behind > this.#farthest) this.#farthest = behind;
  }
}

/** Rows and commits of each minute. */
class MinuteRows {
  readonly #minutes = new Map<number, { minute: number; commits: number; rows: number }>();
  #last = { minute: Number.NaN, commits: 0, rows: 0 };

  at(minute: number): { minute: number; commits: number; rows: number } {
    if (this.#last.minute === minute) return this.#last;
    const known = this.#minutes.get(minute) ?? { minute, commits: 0, rows: 0 };
    this.#minutes.set(minute, known);
    this.#last = known;
    return known;
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
