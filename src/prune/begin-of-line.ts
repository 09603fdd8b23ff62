/**
 * Where what is promised on a line of history begins.
 *
 * @module
 */

import type { Backup } from '../backup/backup.ts';
import { backupsOnLine } from '../history/find-moment.ts';
import type { PruneFacts, TimelineFacts } from './prune-facts.ts';
import { restorableBackups, spanOfBackup, whollyStoredBackups } from './restorable.ts';

/** Where it begins. */
export interface BeginOfLine {
  /** The newest backup that ended before the promise, lies on the line, and can be restored. */
  readonly begin: Backup | undefined;
  /** If there is none: the newest that lacks nothing but WAL of its own. That may yet be pushed, and then it is the begin. */
  readonly mendable: Backup | undefined;
  /**
   * If there is none either way on the timeline itself and its history file is missing: timelines before it. Any of them may
   * lead to it, and anything of them may be needed once the file is there.
   */
  readonly mayLeadHere: readonly number[];
  /** WAL of the line stays from this segment on. */
  readonly firstIndex: bigint;
}

/** Backups by what they are good for. */
export class BeginFinder {
  readonly #facts: PruneFacts;
  readonly #restorable: ReadonlySet<Backup>;
  readonly #wholly: ReadonlySet<Backup>;

  constructor(facts: PruneFacts) {
    this.#facts = facts;
    this.#restorable = new Set(restorableBackups(facts));
    this.#wholly = new Set(whollyStoredBackups(facts));
  }

  /** Where a promise from a time on, in ms since 1970, begins on a line. */
  beginOf({ timeline, line }: TimelineFacts, promisedFrom: number): BeginOfLine {
    const onLine = backupsOnLine({ line, backups: this.#facts.backups });
    const before = onLine
      .filter((one) => one.finishedAt.getTime() <= promisedFrom)
      .toSorted((a, b) => a.finishedAt.getTime() - b.finishedAt.getTime());
    const begin = before.findLast((one) => this.#restorable.has(one));
    if (begin !== undefined) {
      return { begin, mendable: undefined, mayLeadHere: [], firstIndex: this.#firstOf(begin) };
    }
    const mendable = before.findLast((one) => this.#wholly.has(one));
    const mayLeadHere = line.ancestors.length > 0 ? [] : this.#timelinesBefore(timeline);
    if (mayLeadHere.length > 0) return { begin, mendable, mayLeadHere, firstIndex: 0n };
    const later = onLine.filter((one) => one.finishedAt.getTime() > promisedFrom);
    const starts = [...later, ...(mendable === undefined ? [] : [mendable])].map((one) => this.#firstOf(one));
    // Without any backup, the WAL of this timeline stays for one that may come; what led to it is of no use.
    const ownBegin = (line.ancestors.at(-1)?.switchLsn ?? 0n) / BigInt(this.#facts.segmentSizeBytes);
    return { begin, mendable, mayLeadHere, firstIndex: starts.length === 0 ? ownBegin : least(starts) };
  }

  #timelinesBefore(timeline: number): number[] {
    return this.#facts.timelines.map((one) => one.timeline).filter((one) => one < timeline);
  }

  #firstOf(backup: Backup): bigint {
    return spanOfBackup(backup, this.#facts.segmentSizeBytes).firstIndex;
  }
}

/** The least of some indexes. */
export function least(indexes: readonly bigint[]): bigint {
  return indexes.reduce((a, b) => (a < b ? a : b));
}
