/**
 * What the WAL of a log holds beside transactions and bears on how whole the list of them is.
 *
 * @module
 */

import type { Lsn } from '../postgres/lsn.ts';
import { isTransactionEnd, type WalEvent } from '../postgres/wal-records/wal-event.ts';
import type { IndexEvent } from '../wal-index/segment-index.ts';

/** Commits of a server that is loaded are so far out of order, and no more, while its clock runs. */
export const USUAL_DISORDER_US = 60_000_000n;

const MOST_KEPT = 32;

/** Behind which transaction something was met; its time is that of its end, in microseconds since the Unix epoch. */
export interface EndedBefore {
  readonly xid: number;
  readonly timeUs: bigint;
}

/**
 * - `clockSetBack`: the transaction that ended at `lsn` has a time well before that of the one before it.
 * - `walLevelMinimal`: the server ran with `wal_level=minimal` from `lsn` on, until `untilLsn`, or to the end of what was read.
 * - `extensionRecords`: records of a resource manager that is an extension's, in so many segments, the first of them at `lsn`.
 */
export type WalRemark = { readonly lsn: Lsn; readonly behind: EndedBefore | undefined } & (
  | { readonly kind: 'clockSetBack'; readonly toUs: bigint }
  | { readonly kind: 'walLevelMinimal'; readonly untilLsn: Lsn | undefined }
  | { readonly kind: 'extensionRecords'; readonly resourceManager: number; readonly segmentCount: number }
);

/** `unloggedTable`: a table that was asked for is or was unlogged, and the WAL has none of its rows. Its full name. */
export type LogRemark = WalRemark | { readonly kind: 'unloggedTable'; readonly table: string };

/** Which commit times are asked for, both ends included; `undefined` is open. */
export interface RemarkSpan {
  readonly sinceUs: bigint | undefined;
  readonly untilUs: bigint | undefined;
}

/** Is given the events of a log in order. */
export class LogRemarks {
  readonly #span: RemarkSpan;
  /** In order, each under what it is about. */
  readonly #kept = new Map<string, WalRemark>();
  #behind: EndedBefore | undefined;
  /** The key of that which goes on. */
  #minimal: string | undefined;

  constructor(span: RemarkSpan) {
    this.#span = span;
  }

  /** In the order in which they were first met; the first few. */
  get all(): readonly WalRemark[] {
    return [...this.#kept.values()];
  }

  /** Takes the next event. */
  take(event: IndexEvent): void {
    if (event.kind === 'position') this.#takeExtension(event);
    if (event.kind === 'parameterChange') this.#takeLevel(event);
    if ('timeUs' in event && isTransactionEnd(event)) this.#takeEnd(event);
  }

  #keep(key: string, remark: WalRemark): void {
    if (this.#kept.has(key) || this.#kept.size < MOST_KEPT) this.#kept.set(key, remark);
  }

  #takeExtension({ customResourceManager, lsn }: Extract<WalEvent, { kind: 'position' }>): void {
    if (customResourceManager === undefined) return;
    const key = `extension ${customResourceManager}`;
    const known = this.#kept.get(key);
    // An index has the first record of each segment.
    if (known?.kind === 'extensionRecords') this.#keep(key, { ...known, segmentCount: known.segmentCount + 1 });
    else {
      const place = { lsn, behind: this.#behind, resourceManager: customResourceManager };
      this.#keep(key, { kind: 'extensionRecords', ...place, segmentCount: 1 });
    }
  }

  #takeLevel({ walLevel, lsn }: Extract<WalEvent, { kind: 'parameterChange' }>): void {
    const open = this.#minimal === undefined ? undefined : this.#kept.get(this.#minimal);
    if (walLevel === 'minimal') {
      if (this.#minimal !== undefined) return;
      this.#minimal = `minimal ${lsn}`;
      this.#keep(this.#minimal, { kind: 'walLevelMinimal', lsn, behind: this.#behind, untilLsn: undefined });
    } else if (this.#minimal !== undefined) {
      if (open?.kind === 'walLevelMinimal') this.#keep(this.#minimal, { ...open, untilLsn: lsn });
      this.#minimal = undefined;
    }
  }

  #takeEnd({ xid, timeUs, lsn }: EndedBefore & { readonly lsn: Lsn }): void {
    const behind = this.#behind;
    this.#behind = { xid, timeUs };
    if (behind === undefined || timeUs >= behind.timeUs - USUAL_DISORDER_US) return;
    const { sinceUs = behind.timeUs, untilUs = timeUs } = this.#span;
    const isOfSpan = behind.timeUs >= sinceUs && timeUs <= untilUs;
    if (isOfSpan) this.#keep(`clock ${lsn}`, { kind: 'clockSetBack', lsn, behind, toUs: timeUs });
  }
}
