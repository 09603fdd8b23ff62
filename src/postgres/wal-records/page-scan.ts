/**
 * Finds the sound records that begin and end on one page, all at once.
 *
 * It answers for soundness only: what stands behind the last record that it finds is to be looked at by itself
 * ({@link recordProblem}), to tell what is wrong with it, if anything is.
 *
 * @module
 */

import { CRC32C_TABLES_BYTES, placeCrc32cTables } from '../crc32c-wasm.ts';
import { instantiate, WASM_PAGE_BYTES } from '../wasm-code.ts';
import { assemblePageScan, SCAN } from './page-scan-wasm.ts';
import { RECORD_HEADER_BYTES } from './wal-record.ts';

/** The largest page of WAL that a server can be built with. */
const LARGEST_PAGE_BYTES = 65_536;
const MOST_RECORDS = Math.ceil(LARGEST_PAGE_BYTES / RECORD_HEADER_BYTES);
const PAGE_START = CRC32C_TABLES_BYTES;
const OUT_START = PAGE_START + LARGEST_PAGE_BYTES;

/** One for all readers of a thread: nothing in its memory outlives a call. */
const SHARED = prepare();

function prepare() {
  const sizeBytes = OUT_START + 8 * MOST_RECORDS;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(sizeBytes / WASM_PAGE_BYTES) });
  const scan = instantiate(assemblePageScan(), memory)(SCAN);
  placeCrc32cTables(memory.buffer);
  return {
    scan,
    page: new Uint8Array(memory.buffer, PAGE_START, LARGEST_PAGE_BYTES),
    found: new Uint32Array(memory.buffer, OUT_START, 2 * MOST_RECORDS),
  };
}

/** The records found by the last scan, each to be taken once, in order. */
export class PageScan {
  /** Where record `i` begins in the bytes that were scanned, and where it ends, not aligned. */
  readonly starts = new Uint32Array(MOST_RECORDS);
  readonly ends = new Uint32Array(MOST_RECORDS);
  count = 0;
  /** The first record that was not taken. */
  next = 0;
  /** Where the last scan found nothing sound that follows. */
  #stoppedAt = -1;

  /** Forgets what was found. */
  clear(): void {
    this.count = 0;
    this.next = 0;
    this.#stoppedAt = -1;
  }

  /** True if the record at `offset` is the next to be taken. */
  isAt(offset: number): boolean {
    return this.next < this.count && this.starts[this.next] === offset;
  }

  /** True if the last scan ended with what stands at `offset`: another one would find nothing. */
  hasStoppedAt(offset: number): boolean {
    return this.#stoppedAt === offset;
  }

  /**
   * Looks at `bytes[offset .. end)`, where a record begins that is linked to one at `(previousHigh, previousLow)`; stops
   * behind a segment switch.
   *
   * @param high and `low`: halves of the LSN of `bytes[0]`.
   */
  scan(
    bytes: Buffer,
    offset: number,
    end: number,
    high: number,
    low: number,
    previousHigh: number,
    previousLow: number,
  ): void {
    const lengthBytes = end - offset;
    // Copying is what keeps readers from needing memory as large as a segment each; the page stays in the first cache.
    SHARED.page.set(bytes.subarray(offset, end));
    const base = low + offset - PAGE_START;
    const pageEnd = PAGE_START + lengthBytes;
    const count = SHARED.scan(PAGE_START, pageEnd, base, high, previousLow, previousHigh, OUT_START);
    const shift = offset - PAGE_START;
    // Copied, as whoever is shown a record may scan other pages before the next.
    const { found } = SHARED;
    for (let index = 0; index < count; index += 1) {
      this.starts[index] = (found[2 * index] ?? 0) + shift;
      this.ends[index] = (found[2 * index + 1] ?? 0) + shift;
    }
    this.count = count;
    this.next = 0;
    this.#stoppedAt = count === 0 ? offset : ((this.ends[count - 1] ?? 0) + 7) & -8;
  }
}
