/**
 * Verifies the WAL of an archive: every segment of every timeline decodes, belongs to this cluster and to its line of
 * history, and goes on where the one before ended.
 *
 * What was proven and is unchanged is not read again; but the neighbours of what is read are, so that records which cross
 * a border are verified too.
 *
 * @module
 */

import type { ArchivedWal } from '../history/archived-wal.ts';
import { chooseSegment } from '../history/segment-choice.ts';
import type { Timelines } from '../history/timelines.ts';
import type { TimelineHistory } from '../postgres/timeline-history.ts';
import { parseSegmentName, type WalSegment } from '../postgres/wal-segment.ts';
import type { ObjectInfo, ObjectStore } from '../storage/object-store.ts';
import { decodeSegments, type SegmentToDecode } from './decode-segments.ts';
import { fingerprintOf, isProven, type Fingerprint } from './fingerprint.ts';
import { NOTHING_READ, type Finding, type ProofCounts } from './finding.ts';
import type { ListedSegment, ListedSegments } from './list-segments.ts';
import { callOptionsOf, isOver, type VerifyLimits } from './read-limits.ts';
import { WalLedger } from './wal-ledger.ts';

/** What was found of WAL. */
export interface VerifiedWal {
  readonly counts: ProofCounts;
  readonly findings: readonly Finding[];
  /** Segments that were listed and were not there when they were read: lost, or pruned meanwhile. */
  readonly gone: readonly GoneSegment[];
  /** False if time was over before all was read. */
  readonly isDone: boolean;
  /** True if it could not be written down what was proven. */
  readonly isReadOnly: boolean;
}

/** A segment that was listed and was not there, and what is to be said of it unless it was pruned. */
export interface GoneSegment extends WalSegment {
  readonly finding: Finding;
}

/** Verifies. @param isAgain reads what was proven, too. */
export async function verifyWal(
  store: ObjectStore,
  given: { readonly wal: ArchivedWal; readonly timelines: Timelines; readonly listed: ListedSegments },
  limits: VerifyLimits,
): Promise<VerifiedWal> {
  const total = [...given.listed.segments.values()].reduce((sum, own) => sum + own.length, 0);
  const verification = new WalVerification(store, given, limits, total);
  for (const timeline of given.listed.segments.keys()) await verification.verifyTimeline(timeline);
  return verification.result();
}

class WalVerification {
  readonly #store: ObjectStore;
  readonly #wal: ArchivedWal;
  readonly #timelines: Timelines;
  readonly #segments: ListedSegments['segments'];
  readonly #limits: VerifyLimits;
  readonly #findings: Finding[] = [];
  readonly #gone: GoneSegment[] = [];
  readonly #total: number;
  #counts: ProofCounts = NOTHING_READ;
  #passed = 0;
  #isDone = true;
  #isReadOnly = false;

  constructor(store: ObjectStore, given: Parameters<typeof verifyWal>[1], limits: VerifyLimits, total: number) {
    this.#store = store;
    this.#wal = given.wal;
    this.#timelines = given.timelines;
    this.#segments = given.listed.segments;
    this.#limits = limits;
    this.#total = total;
  }

  result(): VerifiedWal {
    return {
      counts: { ...this.#counts, total: this.#total },
      findings: this.#findings,
      gone: this.#gone,
      isDone: this.#isDone,
      isReadOnly: this.#isReadOnly,
    };
  }

  async verifyTimeline(timeline: number): Promise<void> {
    const own = this.#segments.get(timeline) ?? [];
    const line = this.#timelines.isKnown(timeline) ? this.#timelines.lineOf(timeline) : { timeline, ancestors: [] };
    const ledger = new WalLedger(this.#store, timeline, callOptionsOf(this.#limits));
    const unproven: ListedSegment[] = [];
    for (const segment of own) {
      if (isAsProven(segment, await ledger.get(segment.name), this.#limits)) this.#report();
      else unproven.push(segment);
    }
    try {
      for (const run of runsOf(unproven)) {
        if (isOver(this.#limits)) this.#isDone = false;
        if (!this.#isDone) return;
        await this.#verifyRun(this.#withNeighbours(run, line), new Set(run.map(({ name }) => name)), line, ledger);
      }
    } finally {
      await ledger.flush();
      this.#isReadOnly ||= ledger.isReadOnly;
    }
  }

  async #verifyRun(
    segments: readonly SegmentToDecode[],
    unproven: ReadonlySet<string>,
    line: TimelineHistory,
    ledger: WalLedger,
  ): Promise<void> {
    let read = 0;
    for await (const { segment, readBytes, problem, isGone } of decodeSegments(
      this.#store,
      this.#wal,
      line,
      segments,
      this.#limits,
    )) {
      read += 1;
      this.#counts = { ...this.#counts, read: this.#counts.read + 1, readBytes: this.#counts.readBytes + readBytes };
      if (unproven.has(segment.name)) this.#report();
      if (segment.timeline !== line.timeline) continue;
      const proof = problem === undefined ? proofOf(segment, Date.now()) : undefined;
      await ledger.set(segment.name, proof);
      if (problem === undefined) continue;
      const finding = segmentFinding(segment.name, problem);
      if (isGone) this.#gone.push({ timeline: segment.timeline, index: segment.index, finding });
      else this.#findings.push(finding);
    }
    if (read < segments.length) this.#isDone = false;
  }

  /** With the segments before and behind that are there, as the line has them. */
  #withNeighbours(run: readonly ListedSegment[], line: TimelineHistory): SegmentToDecode[] {
    const own = run.map((segment) => ({ ...segment, timeline: line.timeline }));
    const [first, last] = [run[0], run.at(-1)];
    const before = first === undefined ? undefined : this.#neighbour(line, first.index - 1n);
    const behind = last === undefined ? undefined : this.#neighbour(line, last.index + 1n);
    return [...(before === undefined ? [] : [before]), ...own, ...(behind === undefined ? [] : [behind])];
  }

  #neighbour(line: TimelineHistory, index: bigint): SegmentToDecode | undefined {
    const chosen = index < 0n ? undefined : chooseSegment(this.#wal, line, index);
    const segment = chosen && parseSegmentName(chosen.fileName, this.#wal.segmentSizeBytes);
    if (chosen === undefined || segment === undefined) return undefined;
    const listed = this.#segments.get(segment.timeline)?.find((one) => one.name === chosen.fileName);
    const { validBelow } = chosen;
    if (listed === undefined) return undefined;
    return { ...listed, timeline: segment.timeline, ...(validBelow === undefined ? {} : { validBelow }) };
  }

  #report(): void {
    this.#passed += 1;
    this.#limits.onProgress({ phase: 'wal', done: this.#passed, total: this.#total, unit: 'segments' });
  }
}

/** One fingerprint for all objects of a segment: sizes added up, the latest time. */
function joined(objects: readonly ObjectInfo[]): ObjectInfo | undefined {
  const [first, ...others] = objects;
  if (first === undefined) return undefined;
  return others.reduce(
    (sum, one) => ({
      key: sum.key,
      sizeBytes: sum.sizeBytes + one.sizeBytes,
      modifiedAt: one.modifiedAt > sum.modifiedAt ? one.modifiedAt : sum.modifiedAt,
    }),
    first,
  );
}

function isAsProven({ objects }: ListedSegment, proof: Fingerprint | undefined, limits: VerifyLimits): boolean {
  const object = joined(objects);
  return object !== undefined && isProven(object, proof, limits);
}

function proofOf({ objects }: ListedSegment, nowMs: number): Fingerprint | undefined {
  const object = joined(objects);
  return object === undefined ? undefined : fingerprintOf(object, nowMs);
}

/** Segments that lie one behind the other. */
function runsOf(segments: readonly ListedSegment[]): ListedSegment[][] {
  const runs: ListedSegment[][] = [];
  for (const segment of segments) {
    const run = runs.at(-1);
    if (run?.at(-1)?.index === segment.index - 1n) run.push(segment);
    else runs.push([segment]);
  }
  return runs;
}

function segmentFinding(name: string, found: string): Finding {
  return {
    kind: 'segment',
    subject: name,
    found,
    remedy:
      'If pg_wal of a server still has it, delete the damaged object and push the segment again. Otherwise take a backup: moments behind it cannot be reached from earlier ones.',
  };
}
