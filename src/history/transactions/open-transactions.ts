/**
 * What transactions that have not ended did so far, each (sub)transaction by itself: at `wal_level=replica` only the end
 * of a transaction tells who its children were.
 *
 * Memory: for each open (sub)transaction one entry for each file that it changed, whatever the number of rows.
 *
 * @module
 */

import type { Lsn } from '../../postgres/lsn.ts';
import type { RelationFile } from '../../postgres/relation-file.ts';
import type {
  DatabaseCreated,
  DatabaseDropped,
  TablespaceCreated,
  TablespaceDropped,
} from '../../postgres/wal-records/wal-event.ts';
import type { XidWork } from '../../wal-index/segment-index.ts';
import { RowsByFile, type FileRows } from './file-rows.ts';

/** A database or tablespace made or removed. */
export type WholeChange = DatabaseCreated | DatabaseDropped | TablespaceCreated | TablespaceDropped;

/** What a whole family did. */
export interface FamilyWork {
  readonly firstLsn: Lsn | undefined;
  readonly lastLsn: Lsn | undefined;
  readonly walBytes: number;
  readonly originId: number | undefined;
  /** By file, in order of first mention. */
  readonly rows: { values(): Iterable<Readonly<FileRows>> };
  readonly createdFiles: readonly { readonly file: RelationFile; readonly isUnlogged: boolean }[];
  readonly cutFiles: readonly { readonly file: RelationFile; readonly blocks: number }[];
  readonly truncatedOids: readonly number[];
  readonly wholeChanges: readonly WholeChange[];
}

/** The same while it is put together: of one (sub)transaction, or of a family. */
interface OpenWork {
  firstLsn: Lsn | undefined;
  lastLsn: Lsn | undefined;
  walBytes: number;
  originId: number | undefined;
  readonly rows: RowsByFile;
  readonly createdFiles: { readonly file: RelationFile; readonly isUnlogged: boolean }[];
  readonly cutFiles: { readonly file: RelationFile; readonly blocks: number }[];
  readonly truncatedOids: number[];
  readonly wholeChanges: WholeChange[];
}

function noWork(): OpenWork {
  return {
    firstLsn: undefined,
    lastLsn: undefined,
    walBytes: 0,
    originId: undefined,
    rows: new RowsByFile(),
    createdFiles: [],
    cutFiles: [],
    truncatedOids: [],
    wholeChanges: [],
  };
}

/** Adds what one did in a stretch of WAL that follows the one before. */
function addStretch(open: OpenWork, work: XidWork): void {
  open.firstLsn ??= work.firstLsn;
  open.lastLsn = work.lastLsn;
  open.walBytes += work.walBytes;
  open.originId ??= work.originId;
  open.rows.addStretch(work);
  open.createdFiles.push(...work.createdFiles);
  open.cutFiles.push(...work.cutFiles);
  open.truncatedOids.push(...work.truncatedOids);
}

const NO_WHOLE_CHANGES: readonly WholeChange[] = [];

/** What a transaction did that wrote in one stretch alone and had no children: nothing is to be added up. */
function workOfOne(work: XidWork): FamilyWork {
  const { firstLsn, lastLsn, walBytes, originId, files, createdFiles, cutFiles, truncatedOids } = work;
  const rest = { createdFiles, cutFiles, truncatedOids, wholeChanges: NO_WHOLE_CHANGES };
  return { firstLsn, lastLsn, walBytes, originId, rows: files, ...rest };
}

/** Holds the work of each. */
export class OpenTransactions {
  /** What those did that have written in one stretch so far, which most end in. */
  readonly #ofOneStretch = new Map<number, XidWork>();
  readonly #byXid = new Map<number, OpenWork>();

  /** How many (sub)transactions are open. */
  get size(): number {
    return this.#ofOneStretch.size + this.#byXid.size;
  }

  holds(xid: number): boolean {
    return this.#ofOneStretch.has(xid) || this.#byXid.has(xid);
  }

  /** Adds what one did in a stretch of WAL that follows the one before. */
  add(work: XidWork): void {
    if (this.holds(work.xid)) addStretch(this.#of(work.xid), work);
    else this.#ofOneStretch.set(work.xid, work);
  }

  /** Adds something done to a database or tablespace as a whole. */
  addWhole(change: WholeChange): void {
    this.#of(change.xid).wholeChanges.push(change);
  }

  /** Forgets a family and gives what it did together: the first one's, and what the others changed. */
  take(xids: readonly number[]): FamilyWork {
    const [first = 0] = xids;
    const only = xids.length === 1 ? this.#ofOneStretch.get(first) : undefined;
    if (only !== undefined) {
      this.#ofOneStretch.delete(first);
      return workOfOne(only);
    }
    const family = noWork();
    for (const xid of xids) {
      if (!this.holds(xid)) continue;
      const one = this.#of(xid);
      this.#byXid.delete(xid);
      family.firstLsn = earlier(family.firstLsn, one.firstLsn);
      family.lastLsn = later(family.lastLsn, one.lastLsn);
      family.walBytes += one.walBytes;
      family.originId ??= one.originId;
      family.rows.addAll(one.rows);
      family.createdFiles.push(...one.createdFiles);
      family.cutFiles.push(...one.cutFiles);
      family.truncatedOids.push(...one.truncatedOids);
      family.wholeChanges.push(...one.wholeChanges);
    }
    return family;
  }

  /**
   * Forgets those whose last record is before `lsn` and that are dead by what a record there says.
   *
   * @returns their numbers.
   */
  forgetDead(lsn: Lsn, isDead: (xid: number) => boolean): number[] {
    const dead: number[] = [];
    for (const open of [this.#ofOneStretch, this.#byXid]) {
      for (const [xid, { lastLsn }] of open) {
        // A segment's work is added before its events are looked at: what came later is not meant.
        if (isDead(xid) && (lastLsn === undefined || lastLsn < lsn)) dead.push(xid);
      }
      for (const xid of dead) open.delete(xid);
    }
    return dead;
  }

  #of(xid: number): OpenWork {
    const known = this.#byXid.get(xid);
    if (known !== undefined) return known;
    const open = noWork();
    this.#byXid.set(xid, open);
    const stretch = this.#ofOneStretch.get(xid);
    if (stretch !== undefined) {
      this.#ofOneStretch.delete(xid);
      addStretch(open, stretch);
    }
    return open;
  }
}

function earlier(a: Lsn | undefined, b: Lsn | undefined): Lsn | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a < b ? a : b;
}

function later(a: Lsn | undefined, b: Lsn | undefined): Lsn | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}
