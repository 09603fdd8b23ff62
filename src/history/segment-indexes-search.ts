/**
 * Finds segments by commit time or transaction number, from the summaries of their indexes: a few small reads, whatever
 * lies in between. Where a summary is absent or not sound, the segment itself is read.
 *
 * Neither times nor numbers ascend strictly from record to record, so what a binary search finds is widened to its
 * neighbours, and some farther away are asked. A segment that cannot be read may hold what
 * is looked for: it is among what is found, so that reading stops at it, rather than that it is passed over.
 *
 * @module
 */

import { lsn, type Lsn } from '../postgres/lsn.ts';
import { segmentAt } from '../postgres/wal-segment.ts';
import type { SegmentIndexSummary } from '../wal-index/segment-index.ts';
import { readSummary, type SummaryRequest } from './segment-indexes-summary.ts';

/** Where to search: a part of a line without a hole. */
export interface SegmentSearchRequest extends SummaryRequest {
  /** The first position, and the first behind the last. */
  readonly fromLsn: Lsn;
  readonly toLsn: Lsn;
}

/** Segments from the first byte of one to that behind another. */
export interface FoundSegments {
  readonly fromLsn: Lsn;
  readonly toLsn: Lsn;
}

/** So many segments beside a found one are looked at: their times or numbers may lie in between. */
const NEIGHBOURS = 2n;
/** A transaction that writes alone, and long, leaves segments whose numbers are all older. */
const NEIGHBOURS_BY_XID = 64n;
const HALF_OF_XIDS = 0x80000000;
const READ_AT_ONCE = 16n;
/** Commits of a server that is loaded are so far out of order, and no more, while its clock runs. */
const USUAL_DISORDER_US = 60_000_000n;

/**
 * The segments in which transactions ended between two times, both included; `undefined` if there are none.
 *
 * What these transactions did before may be in segments before.
 */
export async function findSegmentsByTime(
  request: SegmentSearchRequest,
  { sinceUs, untilUs }: { readonly sinceUs?: bigint | undefined; readonly untilUs?: bigint | undefined },
): Promise<FoundSegments | undefined> {
  const search = new SummarySearch(request);
  const endsSince = ({ lastEndUs }: SegmentIndexSummary) =>
    lastEndUs === undefined ? undefined : sinceUs === undefined || lastEndUs >= sinceUs;
  const found = await search.first(endsSince);
  const near = found === undefined ? search.behindIndex : await search.widenBackward(found, endsSince, NEIGHBOURS);
  const sure = (await search.isOutOfOrderBefore(near)) ? await search.firstOfAllBefore(near, endsSince) : near;
  const from = await search.backOverUnreadable(sure, endsSince);
  if (from === search.behindIndex) return undefined;
  const to = untilUs === undefined ? search.behindIndex : await indexBehindTime(search, untilUs);
  if (to <= from) return undefined;
  const fromLsn = from * BigInt(request.wal.segmentSizeBytes);
  return { fromLsn: fromLsn < request.fromLsn ? request.fromLsn : lsn(fromLsn), toLsn: startOf(request, to) };
}

/** The first byte behind the last segment in which a transaction ended at a time or before it, as far as summaries tell. */
export async function findLsnBehindTime(request: SegmentSearchRequest, untilUs: bigint): Promise<Lsn> {
  return startOf(request, await indexBehindTime(new SummarySearch(request), untilUs));
}

/** The number of the segment behind the last one in which a transaction ended at a time or before it. */
async function indexBehindTime(search: SummarySearch, untilUs: bigint): Promise<bigint> {
  const endsBehind = ({ firstEndUs }: SegmentIndexSummary) =>
    firstEndUs === undefined ? undefined : firstEndUs > untilUs;
  const found = await search.first(endsBehind);
  if (found === undefined) return search.behindIndex;
  const near = await search.widenForward(found, endsBehind, NEIGHBOURS);
  return (await search.isOutOfOrderFrom(near)) ? search.behindLastOfAll(near, endsBehind) : near;
}

function startOf({ wal, toLsn }: SegmentSearchRequest, index: bigint): Lsn {
  const start = index * BigInt(wal.segmentSizeBytes);
  return start > toLsn ? toLsn : lsn(start);
}

/**
 * Where to begin to read for a transaction: the first byte of the first segment that may have a record of it; `undefined`
 * if its number had not been given by the end. Its end may be far behind.
 */
export async function findSegmentByXid(request: SegmentSearchRequest, xid: number): Promise<Lsn | undefined> {
  const search = new SummarySearch(request);
  const hasCome = ({ highestXid }: SegmentIndexSummary) =>
    highestXid === undefined ? undefined : (highestXid - xid) >>> 0 < HALF_OF_XIDS;
  const found = await search.first(hasCome);
  const sure = found === undefined ? search.behindIndex : await search.widenBackward(found, hasCome, NEIGHBOURS_BY_XID);
  const from = await search.backOverUnreadable(sure, hasCome);
  if (from === search.behindIndex) return undefined;
  const fromLsn = from * BigInt(request.wal.segmentSizeBytes);
  return fromLsn < request.fromLsn ? request.fromLsn : lsn(fromLsn);
}

/** What is asked of a summary: false up to some segment and true from there on; `undefined` if it cannot say. */
type Question = (summary: SegmentIndexSummary) => boolean | undefined;

/** Looks at summaries of a part of a line, each once. */
class SummarySearch {
  readonly firstIndex: bigint;
  readonly lastIndex: bigint;
  readonly #request: SegmentSearchRequest;
  readonly #known = new Map<bigint, Promise<SegmentIndexSummary | undefined>>();

  constructor(request: SegmentSearchRequest) {
    const { line, wal, fromLsn, toLsn } = request;
    this.#request = request;
    this.firstIndex = segmentAt(line.timeline, fromLsn, wal.segmentSizeBytes).index;
    this.lastIndex =
      toLsn <= fromLsn ? this.firstIndex - 1n : segmentAt(line.timeline, lsn(toLsn - 1n), wal.segmentSizeBytes).index;
  }

  /** The number of the segment behind the last. */
  get behindIndex(): bigint {
    return this.lastIndex + 1n;
  }

  async at(index: bigint): Promise<SegmentIndexSummary | undefined> {
    const known = this.#known.get(index) ?? readSummary(this.#request, index);
    this.#known.set(index, known);
    return known;
  }

  /** The first segment that says yes, as far as answers ascend; `undefined` if none does. */
  async first(asks: Question): Promise<bigint | undefined> {
    let [low, high] = [this.firstIndex, this.lastIndex + 1n];
    while (low < high) {
      const middle = (low + high) / 2n;
      const said = await this.#nextAnswer(middle, high, asks);
      // Nobody between says anything: the answer lies before, or at the end.
      if (said === undefined || said.answer) high = middle;
      else low = said.index + 1n;
    }
    const said = await this.#nextAnswer(low, this.lastIndex + 1n, asks);
    return said?.answer === true ? said.index : undefined;
  }

  /**
   * The first that says yes of those before a segment, no more than so many that do not between them; farther away a few are
   * asked, at distances that double. So a clock that was set back is noticed, and a transaction that wrote alone for long.
   */
  async widenBackward(found: bigint, asks: Question, neighbours: bigint): Promise<bigint> {
    for (let from = found; ;) {
      const next = await this.#widenNear(from, asks, neighbours);
      const far = await this.#saysYesBefore(next, asks, neighbours);
      if (far === undefined) return next;
      from = far;
    }
  }

  /** True if some of the segments before one, at distances that double, have times that do not ascend: a clock was set back. */
  async isOutOfOrderBefore(from: bigint): Promise<boolean> {
    let earliestUs: bigint | undefined;
    for (let back = 1n; from - back >= this.firstIndex; back *= 2n) {
      const summary = await this.at(from - back);
      if (summary?.firstEndUs === undefined || summary.lastEndUs === undefined) continue;
      if (earliestUs !== undefined && summary.lastEndUs > earliestUs + USUAL_DISORDER_US) return true;
      if (earliestUs === undefined || summary.firstEndUs < earliestUs) earliestUs = summary.firstEndUs;
    }
    return false;
  }

  /** The first of all that says yes, every one before a segment asked. */
  async firstOfAllBefore(from: bigint, asks: Question): Promise<bigint> {
    for (let begin = this.firstIndex; begin < from; begin += READ_AT_ONCE) {
      const count = from - begin < READ_AT_ONCE ? from - begin : READ_AT_ONCE;
      const indexes = Array.from({ length: Number(count) }, (_, step) => begin + BigInt(step));
      const summaries = await Promise.all(indexes.map(async (index) => this.at(index)));
      const place = summaries.findIndex((summary) => summary !== undefined && asks(summary) === true);
      if (place >= 0) return begin + BigInt(place);
      this.#request.signal?.throwIfAborted();
    }
    return from;
  }

  async #widenNear(found: bigint, asks: Question, neighbours: bigint): Promise<bigint> {
    let from = found;
    for (let index = found - 1n; index >= this.firstIndex && index >= from - neighbours; index -= 1n) {
      const summary = await this.at(index);
      if (summary !== undefined && asks(summary) === true) from = index;
    }
    return from;
  }

  async #saysYesBefore(from: bigint, asks: Question, neighbours: bigint): Promise<bigint | undefined> {
    for (let back = neighbours * 2n; from - back >= this.firstIndex; back *= 2n) {
      const summary = await this.at(from - back);
      if (summary !== undefined && asks(summary) === true) return from - back;
    }
    return undefined;
  }

  /** The first of those before a segment that cannot be read to their end, with none between that says something. */
  async backOverUnreadable(found: bigint, asks: Question): Promise<bigint> {
    let from = found;
    for (let index = found - 1n; index >= this.firstIndex && index >= from - NEIGHBOURS_BY_XID; index -= 1n) {
      const summary = await this.at(index);
      if (summary === undefined || summary.isStopped) from = index;
      else if (asks(summary) !== undefined) break;
    }
    return from;
  }

  /**
   * The segment behind the last that says no, of those from one on, no more than so many that do not between them; farther
   * away a few are asked, at distances that double.
   */
  async widenForward(found: bigint, asks: Question, neighbours: bigint): Promise<bigint> {
    for (let to = found; ;) {
      const next = await this.#widenNearForward(to, asks, neighbours);
      const far = await this.#saysNoFrom(next, asks);
      if (far === undefined) return next;
      to = far + 1n;
    }
  }

  /** True if some of the segments from one on, at distances that double, and the last, have times that do not ascend. */
  async isOutOfOrderFrom(from: bigint): Promise<boolean> {
    let latestUs: bigint | undefined;
    for (const index of this.#everFartherFrom(from)) {
      const summary = await this.at(index);
      if (summary?.firstEndUs === undefined || summary.lastEndUs === undefined) continue;
      if (latestUs !== undefined && summary.firstEndUs < latestUs - USUAL_DISORDER_US) return true;
      if (latestUs === undefined || summary.lastEndUs > latestUs) latestUs = summary.lastEndUs;
    }
    return false;
  }

  /** The segment behind the last of all that says no, every one from one on asked. */
  async behindLastOfAll(from: bigint, asks: Question): Promise<bigint> {
    for (let end = this.lastIndex + 1n; end > from; end -= READ_AT_ONCE) {
      const begin = end - READ_AT_ONCE < from ? from : end - READ_AT_ONCE;
      const indexes = Array.from({ length: Number(end - begin) }, (_, step) => begin + BigInt(step));
      const summaries = await Promise.all(indexes.map(async (index) => this.at(index)));
      const place = summaries.findLastIndex((summary) => summary !== undefined && asks(summary) === false);
      if (place >= 0) return begin + BigInt(place) + 1n;
      this.#request.signal?.throwIfAborted();
    }
    return from;
  }

  async #widenNearForward(found: bigint, asks: Question, neighbours: bigint): Promise<bigint> {
    let to = found;
    for (let index = found; index <= this.lastIndex && index < to + neighbours; index += 1n) {
      const summary = await this.at(index);
      if (summary !== undefined && asks(summary) === false) to = index + 1n;
    }
    return to;
  }

  async #saysNoFrom(from: bigint, asks: Question): Promise<bigint | undefined> {
    for (const index of this.#everFartherFrom(from)) {
      const summary = await this.at(index);
      if (summary !== undefined && asks(summary) === false) return index;
    }
    return undefined;
  }

  /** A segment, some behind it at distances that double, and the last. */
  *#everFartherFrom(from: bigint): Generator<bigint> {
    if (from > this.lastIndex) return;
    yield from;
    for (let ahead = 1n; from + ahead < this.lastIndex; ahead *= 2n) yield from + ahead;
    if (from < this.lastIndex) yield this.lastIndex;
  }

  async #nextAnswer(
    from: bigint,
    below: bigint,
    asks: Question,
  ): Promise<{ index: bigint; answer: boolean } | undefined> {
    for (let index = from; index < below; index += 1n) {
      const summary = await this.at(index);
      const answer = summary === undefined ? undefined : asks(summary);
      if (answer !== undefined) return { index, answer };
    }
    return undefined;
  }
}
