/**
 * Checks that segments, and the pages in them, are what they should be: of one cluster and one major, in order, at their
 * place, and of timelines of one line of history.
 *
 * @module
 */

import { lsn, lsnHigh, lsnLow, type Lsn } from '../lsn.ts';
import type { TimelineHistory } from '../timeline-history.ts';
import { unknownWalVersion, type PostgresVersion } from '../versions.ts';
import { flagsFit, isZero, readSegmentHeader, type SegmentHeader } from './page-header.ts';
import type { WalStop } from './wal-stop.ts';

/** One segment's bytes. */
export interface SegmentBytes {
  /** For messages. */
  readonly fileName: string;
  readonly startLsn: Lsn;
  readonly bytes: Buffer;
  /** Records that begin here or later are not this line's: the file is a parent timeline's. */
  readonly validBelow?: Lsn;
}

/** A line of which only the last timeline is known: pages of any timeline up to it are taken. */
export interface UnknownLine {
  readonly timeline: number;
  readonly ancestors: undefined;
}

/** Whose WAL is expected. What is not given is taken from the first segment. */
export interface ExpectedSegments {
  readonly line: TimelineHistory | UnknownLine;
  readonly segmentSizeBytes?: number | undefined;
  readonly systemIdentifier?: bigint | undefined;
}

/** What is wrong; where, is told by the one who asked. */
export type PageProblem = Pick<WalStop, 'kind' | 'reason'>;

/** Damage, for that reason. */
export const damaged = (reason: string): PageProblem => ({ kind: 'damaged', reason });
const foreign = (reason: string): PageProblem => ({ kind: 'foreign', reason });

/** Takes segments in order, and the pages of each in order. */
export class PageCheck {
  readonly #timelines: ReadonlySet<number> | undefined;
  readonly #newestTimeline: number;
  #segmentSizeBytes: number | undefined;
  #systemIdentifier: bigint | undefined;
  #version: PostgresVersion | undefined;
  #nextStart: Lsn | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #pageSizeBytes = 0;
  #high = 0;
  #low = 0;
  #timeline = 0;

  constructor({ line, segmentSizeBytes, systemIdentifier }: ExpectedSegments) {
    this.#newestTimeline = line.timeline;
    const ancestors = line.ancestors?.map(({ timeline }) => timeline);
    this.#timelines = ancestors && new Set([...ancestors, line.timeline]);
    this.#segmentSizeBytes = segmentSizeBytes;
    this.#systemIdentifier = systemIdentifier;
  }

  /** The major whose WAL this is, once a segment was opened. */
  get version(): PostgresVersion | undefined {
    return this.#version;
  }

  get pageSizeBytes(): number {
    return this.#pageSizeBytes;
  }

  get systemIdentifier(): bigint | undefined {
    return this.#systemIdentifier;
  }

  /** The timeline of the last page that was entered; 0 before. */
  get timeline(): number {
    return this.#timeline;
  }

  /**
   * Begins a segment.
   *
   * @throws {Failure} `refused` for WAL of an unknown major, if it is the first segment.
   */
  openSegment(segment: SegmentBytes): PageProblem | undefined {
    const header = readSegmentHeader(segment.bytes);
    if ('problem' in header) {
      if (header.problem === 'unwritten')
        return { kind: 'unwritten', reason: 'zeros where its first page should begin' };
      if (header.problem === 'damaged') return damaged(header.reason);
      if (this.#version === undefined) throw unknownWalVersion(header.magic, segment.fileName);
      return foreign(`page magic 0x${header.magic.toString(16)}, of no version known here`);
    }
    const problem = this.#misfit(segment, header);
    if (problem !== undefined) return problem;
    this.#version = header.version;
    this.#systemIdentifier = header.systemIdentifier;
    this.#segmentSizeBytes = header.segmentSizeBytes;
    this.#pageSizeBytes = header.pageSizeBytes;
    this.#nextStart = lsn(segment.startLsn + BigInt(header.segmentSizeBytes));
    this.#bytes = segment.bytes;
    this.#high = lsnHigh(segment.startLsn);
    this.#low = lsnLow(segment.startLsn);
    return undefined;
  }

  #misfit({ bytes, startLsn }: SegmentBytes, header: SegmentHeader): PageProblem | undefined {
    const system = this.#systemIdentifier ?? header.systemIdentifier;
    if (header.systemIdentifier !== system) return foreign(`it is of system ${header.systemIdentifier}, not ${system}`);
    const sizeBytes = this.#segmentSizeBytes ?? header.segmentSizeBytes;
    if (bytes.length !== sizeBytes || header.segmentSizeBytes !== sizeBytes) {
      return damaged(`it has ${bytes.length} bytes, not the ${sizeBytes} of a segment`);
    }
    const version = this.#version ?? header.version;
    if (version !== header.version) return foreign(`it is of PostgreSQL ${header.version.major}, not ${version.major}`);
    const isNext = this.#nextStart === undefined || this.#nextStart === startLsn;
    return isNext ? undefined : damaged('it does not follow the segment before');
  }

  /** Begins the page at `offset` of the segment; `info` are its flags. */
  enterPage(offset: number, info: number): PageProblem | undefined {
    const bytes = this.#bytes;
    const magic = bytes.readUInt16LE(offset);
    if (magic !== this.#version?.walPageMagic) {
      return isZero(bytes, offset, offset + this.#pageSizeBytes)
        ? { kind: 'unwritten', reason: 'zeros where a page should begin' }
        : damaged(`page magic 0x${magic.toString(16)}`);
    }
    if (!flagsFit(info, offset)) return damaged(`impossible page flags ${info}`);
    if (bytes.readUInt32LE(offset + 8) !== this.#low + offset || bytes.readUInt32LE(offset + 12) !== this.#high) {
      return { kind: 'stale', reason: 'a page of another position: the file was used before under another name' };
    }
    const timeline = bytes.readUInt32LE(offset + 4);
    if (timeline < this.#timeline || !this.#isOnLine(timeline)) {
      return damaged(`a page of timeline ${timeline}, which is not on this line of history`);
    }
    this.#timeline = timeline;
    return undefined;
  }

  #isOnLine(timeline: number): boolean {
    return this.#timelines?.has(timeline) ?? (timeline > 0 && timeline <= this.#newestTimeline);
  }
}
