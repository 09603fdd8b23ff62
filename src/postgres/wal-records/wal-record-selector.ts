/**
 * Picks the records that are wanted out of all, and makes values of them.
 *
 * @module
 */

import { lsnOfHalves, type Lsn } from '../lsn.ts';
import type { PostgresVersion } from '../versions.ts';
import { RecordLayout } from './record-layout.ts';
import type { RecordVisitor } from './record-visitor.ts';
import { recordInfo, recordResourceManager, recordXid, type WalRecord } from './wal-record.ts';

/** Which records are wanted. */
export interface WantedRecords {
  /** The resource managers whose records are given. */
  readonly wanted: ReadonlySet<number>;
  /** Give the first record at or behind each of these (ascending) too, whoever wrote it. */
  readonly alsoFirstAt?: readonly Lsn[];
}

/** The one whose records these are. */
export interface RecordSource {
  /** Takes what is wrong with the record that is being shown. */
  reject(reason: string): void;
  /** Nothing more is to be shown before the record is taken. */
  pause(): void;
}

/** Holds the last record that was wanted until it is taken. */
export class WalRecordSelector implements RecordVisitor {
  readonly #wanted: ReadonlySet<number>;
  readonly #timelineAt: (position: Lsn) => number;
  readonly #source: RecordSource;
  readonly #positions: Lsn[];
  readonly #layout = new RecordLayout();
  #segment: Buffer = Buffer.alloc(0);
  #version: PostgresVersion | undefined;
  #record: WalRecord | undefined;

  /** @param timelineAt tells the timeline of a position. */
  constructor(
    { wanted, alsoFirstAt = [] }: WantedRecords,
    timelineAt: (position: Lsn) => number,
    source: RecordSource,
  ) {
    this.#source = source;
    this.#wanted = wanted;
    this.#positions = [...alsoFirstAt];
    this.#timelineAt = timelineAt;
  }

  /** Tells whose records follow; those that are not in `segment` itself are copied. */
  beginSegment(segment: Buffer, version: PostgresVersion): void {
    this.#segment = segment;
    this.#version = version;
  }

  /** The record that was wanted since the last call. */
  take(): WalRecord | undefined {
    const record = this.#record;
    this.#record = undefined;
    return record;
  }

  record(
    bytes: Buffer,
    start: number,
    end: number,
    lsnHigh: number,
    lsnLow: number,
    nextHigh: number,
    nextLow: number,
  ): void {
    const isAwaited = this.#positions.length > 0 && this.#takeAwaited(lsnOfHalves(lsnHigh, lsnLow));
    if (!isAwaited && !this.#wanted.has(recordResourceManager(bytes, start))) return;
    if (this.#version === undefined || !this.#layout.parse(bytes, start, end, this.#version)) {
      this.#source.reject('a record whose parts do not add up to its length');
      return;
    }
    const position = lsnOfHalves(lsnHigh, lsnLow);
    const { mainStart, mainEnd, topXid } = this.#layout;
    const mainData = bytes.subarray(mainStart, mainEnd);
    this.#record = {
      lsn: position,
      endLsn: lsnOfHalves(nextHigh, nextLow),
      timeline: this.#timelineAt(position),
      xid: recordXid(bytes, start),
      resourceManager: recordResourceManager(bytes, start),
      info: recordInfo(bytes, start),
      mainData: bytes === this.#segment ? mainData : Buffer.from(mainData),
      topXid,
    };
    this.#source.pause();
  }

  #takeAwaited(position: Lsn): boolean {
    const awaited = this.#positions[0];
    if (awaited === undefined || position < awaited) return false;
    while (this.#positions[0] !== undefined && position >= this.#positions[0]) this.#positions.shift();
    return true;
  }
}
