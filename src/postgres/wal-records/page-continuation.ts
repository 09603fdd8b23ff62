/**
 * Records that go on over the border of a page: the one that is being put together, and the rest of one that began before
 * the first segment.
 *
 * @module
 */

import { lsnOfHalves, type Lsn } from '../lsn.ts';
import { FIRST_IS_CONTRECORD, FIRST_IS_OVERWRITE_CONTRECORD } from './page-header.ts';
import { PartialRecord } from './partial-record.ts';

/** What the first segment begins with, of a record that began before it. */
export interface SegmentHead {
  /** How long the rest of that record is, the later segments' part of it included; 0: there is none. */
  readonly restBytes: number;
  /** The part of it in the first segment. */
  readonly bytes: Buffer;
  /** The server had lost that record in a crash, and says so. */
  readonly isOverwritten: boolean;
}

/** Follows the continuation of records from page to page. */
export class PageContinuation {
  /** The record that began on an earlier page and is not whole. */
  readonly partial = new PartialRecord();
  /** How many bytes of a record that began before the first segment are still to come. */
  #skipBytes = 0;
  #headBytes: Buffer[] = [];
  #headRestBytes = 0;
  #isHeadOverwritten = false;

  /** What the first segment begins with. */
  get head(): SegmentHead {
    const bytes = Buffer.concat(this.#headBytes);
    return { restBytes: this.#headRestBytes, bytes, isOverwritten: this.#isHeadOverwritten };
  }

  /** The record that was begun, or gone on with, and not ended. The bytes are a copy of what came of it. */
  get tail(): { readonly lsn: Lsn; readonly totalBytes: number; readonly bytes: Buffer } | undefined {
    const { isOpen, high, low, totalBytes, bytes, collectedBytes } = this.partial;
    if (!isOpen) return undefined;
    return { lsn: lsnOfHalves(high, low), totalBytes, bytes: Buffer.from(bytes.subarray(0, collectedBytes)) };
  }

  /** The length of the rest of a record that the page with the flags `info` says it begins with; -1 if it contradicts itself. */
  static restBytes(bytes: Buffer, pageOffset: number, info: number): number {
    const restBytes = bytes.readUInt32LE(pageOffset + 16);
    return ((info & FIRST_IS_CONTRECORD) !== 0) === restBytes > 0 ? restBytes : -1;
  }

  /**
   * Takes or skips what `bytes[begin .. end)`, the inside of one page, begins with.
   *
   * @param restBytes what its header says is still to come.
   * @returns false if the page does not go on where the one before ended.
   */
  enterPage(
    page: { readonly bytes: Buffer; readonly begin: number; readonly end: number; readonly info: number },
    restBytes: number,
    where: { readonly isFirstPage: boolean; readonly isFirstSegment: boolean },
  ): boolean {
    const { bytes, begin } = page;
    const here = Math.min(restBytes, page.end - begin);
    if ((page.info & FIRST_IS_OVERWRITE_CONTRECORD) !== 0) {
      // The server takes the other flag away when it sets this one: a page with both would hide a record that is there.
      if (restBytes > 0) return false;
      this.#overwrite(where.isFirstPage);
    }
    if (this.partial.isOpen) {
      if (restBytes !== this.partial.missingBytes) return false;
      this.partial.append(bytes, begin, begin + here);
      return true;
    }
    if (restBytes !== this.#skipBytes && !where.isFirstPage) return false;
    if (restBytes === 0) return true;
    if (where.isFirstPage) this.#headRestBytes = restBytes;
    if (where.isFirstSegment) this.#headBytes.push(Buffer.from(bytes.subarray(begin, begin + here)));
    this.#skipBytes = restBytes - here;
    return true;
  }

  #overwrite(isFirstPage: boolean): void {
    if (isFirstPage || this.#skipBytes > 0) this.#isHeadOverwritten = true;
    this.partial.drop();
    this.#skipBytes = 0;
  }
}
