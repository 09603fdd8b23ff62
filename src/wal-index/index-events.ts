/**
 * The events of an index: a column for each of the members that all have, so that they compress, and one for the rest.
 *
 * Columns: kind; position, as the difference to the event before; transaction, the same; end, as the difference to the
 * position; timeline, as the difference to the event before; time of the four kinds of end, the same; details. Of an end
 * that only says how it ended, the details are one zero byte.
 *
 * @module
 */

import type { RecordPlace, TransactionEnded } from '../postgres/wal-records/wal-event.ts';
import { isTransactionEnd, NO_EFFECTS } from '../postgres/wal-records/wal-event.ts';
import { lsnHigh, lsnLow, lsnOfHalves, type Lsn } from '../postgres/lsn.ts';
import { PlainEnd, type EndColumnName, type EventColumns, type PlainEnds } from './event-columns.ts';
import { isCatalogChange, endedDetails, otherDetails } from './index-event-details.ts';
import { asLsn, type Field } from './index-fields.ts';
import { IndexReader } from './index-reader.ts';
import { IndexWriter } from './index-writer.ts';
import type { IndexEvent } from './segment-index.ts';

/** The numbers of the kinds: new ones go behind. */
const KINDS: readonly IndexEvent['kind'][] = [
  'commit',
  'abort',
  'commitPrepared',
  'abortPrepared',
  'prepare',
  'assignment',
  'checkpoint',
  'redoPoint',
  'restorePoint',
  'parameterChange',
  'endOfRecovery',
  'backupEnd',
  'overwriteContrecord',
  'tablespaceCreate',
  'tablespaceDrop',
  'databaseCreate',
  'databaseDrop',
  'runningXacts',
  'locks',
  'relationMap',
  'fileCreate',
  'position',
  'catalogRows',
  'catalogUpdate',
  'catalogDelete',
  'databaseInvalid',
];
const NUMBER_OF_KIND: ReadonlyMap<string, number> = new Map(KINDS.map((kind, number) => [kind, number]));
const COLUMNS = ['kinds', 'positions', 'transactions', 'ends', 'timelines', 'times', 'details'] as const;
const NO_SUBXIDS: readonly number[] = [];

type Columns<T> = { readonly [K in (typeof COLUMNS)[number]]: T };

function columnsOf<T>(make: (name: string) => T): Columns<T> {
  const [kinds, positions, transactions, ends, timelines, times, details] = COLUMNS;
  return {
    kinds: make(kinds),
    positions: make(positions),
    transactions: make(transactions),
    ends: make(ends),
    timelines: make(timelines),
    times: make(times),
    details: make(details),
  };
}

/** Details of a kind that is only known when it runs. */
function detailsOf(kind: keyof typeof otherDetails): Field<object> {
  // A field of one kind's details takes and gives an object; which members it has is that kind's.
  return otherDetails[kind] as unknown as Field<object>;
}

function isPlainEnd(event: TransactionEnded): boolean {
  return (
    event.subxids.length === 0 &&
    event.gid === undefined &&
    event.databaseOid === undefined &&
    event.droppedFiles.length === 0 &&
    event.droppedOids.length === 0 &&
    event.invalidatedOids.length === 0 &&
    event.originId === undefined &&
    event.originLsn === undefined
  );
}

const HALF = 0x1_0000_0000;
const COMMIT = 0;
const ABORT = 1;
/** Of most numbers of events, as differences. */
const LIKELY_BYTES = 2.5;
/** Fewer are written one by one. */
const FEW_ENDS = 8;
/** Which columns are taken from where the ends are. */
const END_COLUMNS: readonly (readonly [(typeof COLUMNS)[number], EndColumnName])[] = [
  ['kinds', 'endKinds'],
  ['positions', 'endPositions'],
  ['transactions', 'endXids'],
  ['ends', 'endLengths'],
  ['timelines', 'endTimelines'],
  ['times', 'endTimes'],
];

/** Writes event after event. */
class EventWriter {
  readonly #columns: Columns<IndexWriter>;
  #highBefore: number;
  #lowBefore: number;
  #xidBefore = 0;
  #timelineBefore = 0;
  #timeBefore: bigint | number = 0;

  /** @param startLsn the segment's. */
  constructor(startLsn: Lsn, count: number) {
    this.#columns = columnsOf(() => new IndexWriter(Math.ceil(count * LIKELY_BYTES)));
    this.#highBefore = lsnHigh(startLsn);
    this.#lowBefore = lsnLow(startLsn);
  }

  event(event: IndexEvent): void {
    const columns = this.#columns;
    const kindNumber = NUMBER_OF_KIND.get(event.kind);
    if (kindNumber === undefined) throw new TypeError(`no number for events of the kind ${event.kind}`);
    columns.kinds.unsigned(kindNumber);
    columns.positions.difference(event.lsn, lsnOfHalves(this.#highBefore, this.#lowBefore));
    columns.transactions.signed(event.xid - this.#xidBefore);
    this.#highBefore = lsnHigh(event.lsn);
    this.#lowBefore = lsnLow(event.lsn);
    this.#xidBefore = event.xid;
    if (!isCatalogChange(event)) {
      columns.ends.difference(event.endLsn, event.lsn);
      columns.timelines.signed(event.timeline - this.#timelineBefore);
      this.#timelineBefore = event.timeline;
    }
    if (isCatalogChange(event) || !isTransactionEnd(event)) {
      detailsOf(event.kind).write(columns.details, event);
      return;
    }
    columns.times.difference(event.timeUs, this.#timeBefore);
    this.#timeBefore = event.timeUs;
    const isPlain = isPlainEnd(event);
    columns.details.unsigned(isPlain ? 0 : 1);
    if (!isPlain) endedDetails.write(columns.details, event);
  }

  /** What {@link EventWriter.event} makes of the end as an object. */
  plainEnd(end: PlainEnd): void {
    const { kinds, positions, transactions, ends, timelines, times, details } = this.#columns;
    kinds.unsigned(end.isCommit ? COMMIT : ABORT);
    positions.signed((end.lsnHigh - this.#highBefore) * HALF + end.lsnLow - this.#lowBefore);
    transactions.signed(end.xid - this.#xidBefore);
    ends.signed((end.endHigh - end.lsnHigh) * HALF + end.endLow - end.lsnLow);
    timelines.signed(end.timeline - this.#timelineBefore);
    times.difference(end.timeUs, this.#timeBefore);
    details.unsigned(0);
    this.#goOnBehind(end);
  }

  #goOnBehind(end: PlainEnd): void {
    this.#highBefore = end.lsnHigh;
    this.#lowBefore = end.lsnLow;
    this.#xidBefore = end.xid;
    this.#timelineBefore = end.timeline;
    this.#timeBefore = end.timeUs;
  }

  /** {@link EventWriter.plainEnd} of each of a run of ends. */
  plainEnds(ends: PlainEnds, from: number, to: number): void {
    const end = new PlainEnd();
    ends.read(from, end);
    this.plainEnd(end);
    if (this.#writeReady(ends, from + 1, to)) {
      ends.read(to - 1, end);
      this.#goOnBehind(end);
      return;
    }
    for (let number = from + 1; number < to; number += 1) {
      ends.read(number, end);
      this.plainEnd(end);
    }
  }

  /** Takes the columns from where the ends are, if these can be had there. */
  #writeReady(ends: PlainEnds, from: number, to: number): boolean {
    if (to - from < FEW_ENDS) return false;
    for (const [column, name] of END_COLUMNS) {
      const ready = ends.column?.(name, from, to);
      // All are there, or none.
      if (ready === undefined) return false;
      this.#columns[column].raw(ready);
    }
    this.#columns.details.raw(Buffer.alloc(to - from));
    return true;
  }

  finish(out: IndexWriter, count: number): void {
    out.unsigned(count);
    for (const name of COLUMNS) out.bytes(this.#columns[name].written);
  }
}

/** Writes events. @param startLsn the segment's. */
export function writeEvents(out: IndexWriter, events: readonly IndexEvent[], startLsn: Lsn): void {
  const writer = new EventWriter(startLsn, events.length);
  for (const event of events) writer.event(event);
  writer.finish(out, events.length);
}

/** The same of columns. */
export function writeEventColumns(out: IndexWriter, events: EventColumns, startLsn: Lsn): void {
  const writer = new EventWriter(startLsn, events.count);
  events.visitRuns(
    (from, to) => {
      writer.plainEnds(events.ends, from, to);
    },
    (event) => {
      writer.event(event);
    },
  );
  writer.finish(out, events.count);
}

/** Reads events. @throws {Failure} `corrupt`. */
export function readEvents(from: IndexReader, object: string, startLsn: Lsn): readonly IndexEvent[] {
  const count = from.count();
  const columns = columnsOf((name) => new IndexReader(from.bytes(), object, `${name} of events`));
  const events: IndexEvent[] = [];
  let [lsnBefore, xid, timeline, timeUs] = [startLsn as bigint, 0, 0, 0n];
  for (let left = count; left > 0; left -= 1) {
    const kind = KINDS[columns.kinds.unsigned()];
    if (kind === undefined) throw columns.kinds.problem('a number that stands for no kind of event');
    const lsn = asLsn(columns.positions.sum(lsnBefore), columns.positions);
    lsnBefore = lsn;
    xid = within32(xid + columns.transactions.signed(), columns.transactions);
    if (kind === 'catalogRows' || kind === 'catalogUpdate' || kind === 'catalogDelete') {
      events.push(joined({ kind, lsn, xid }, detailsOf(kind).read(columns.details)));
      continue;
    }
    const endLsn = asLsn(columns.ends.sum(lsn), columns.ends);
    timeline = within32(timeline + columns.timelines.signed(), columns.timelines);
    const place: RecordPlace = { lsn, endLsn, timeline, xid };
    if (kind === 'commit' || kind === 'abort' || kind === 'commitPrepared' || kind === 'abortPrepared') {
      timeUs = columns.times.sum(timeUs);
      events.push(readEnd(kind, place, timeUs, columns.details));
    } else {
      events.push(joined({ kind, ...place }, detailsOf(kind).read(columns.details)));
    }
  }
  for (const name of COLUMNS) columns[name].end();
  return events;
}

function readEnd(
  kind: TransactionEnded['kind'],
  { lsn, endLsn, timeline, xid }: RecordPlace,
  timeUs: bigint,
  details: IndexReader,
): TransactionEnded {
  const place = { kind, xid, timeUs, lsn, endLsn, timeline };
  if (details.unsigned() === 0) return { ...place, ...NO_EFFECTS, subxids: NO_SUBXIDS, gid: undefined };
  return { ...place, ...endedDetails.read(details) };
}

/** The members that all events have, and those that this kind has. */
function joined(place: Pick<IndexEvent, 'kind' | 'lsn' | 'xid'>, rest: object): IndexEvent {
  // What `detailsOf(place.kind)` has read.
  return { ...place, ...rest } as IndexEvent;
}

function within32(value: number, from: IndexReader): number {
  if (value < 0 || value > 0xffffffff) throw from.problem('a number that is not of 32 bits');
  return value;
}
