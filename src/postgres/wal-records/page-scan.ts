/**
 * Finds the sound records that begin and end on one page, all at once.
 *
 * It answers for soundness only: what stands behind the last record that it finds is to be looked at by itself
 * ({@link recordProblem}), to tell what is wrong with it, if anything is.
 *
 * @module
 */

import { CRC32C_TABLES_BYTES, placeCrc32cTables } from '../crc32c-wasm.ts';
import { instantiate, WASM_PAGE_BYTES, type IntegerFunction } from '../wasm-code.ts';
import { assemblePageScan, SCAN } from './page-scan-wasm.ts';
import { RECORD_HEADER_BYTES } from './wal-record.ts';

/** The largest page of WAL that a server can be built with. */
const LARGEST_PAGE_BYTES = 65_536;
const MOST_RECORDS = Math.ceil(LARGEST_PAGE_BYTES / RECORD_HEADER_BYTES);

/** Where a scan's memory has the page, and what was found on it: the addresses of the start and the end of each record. */
export const PAGE_START = CRC32C_TABLES_BYTES;
export const FOUND_START = PAGE_START + LARGEST_PAGE_BYTES;
/** What a scan takes at the start of a memory. */
export const PAGE_SCAN_BYTES = FOUND_START + 8 * MOST_RECORDS;

/** Where scans are made. */
export interface ScanMemory {
  readonly scan: IntegerFunction;
  readonly page: Uint8Array;
  readonly found: Uint32Array;
}

/** Makes a memory, which does not grow, one of scans. @param scan its module's {@link SCAN}. */
export function scanMemory(memory: WebAssembly.Memory, scan: IntegerFunction): ScanMemory {
  placeCrc32cTables(memory.buffer);
  return {
    scan,
    page: new Uint8Array(memory.buffer, PAGE_START, LARGEST_PAGE_BYTES),
    found: new Uint32Array(memory.buffer, FOUND_START, 2 * MOST_RECORDS),
  };
}

/** One for all readers of a thread: nothing in its memory outlives a call. */
const SHARED = prepare();

function prepare(): ScanMemory {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(PAGE_SCAN_BYTES / WASM_PAGE_BYTES) });
  return scanMemory(memory, instantiate(assemblePageScan(), memory)(SCAN));
}

/** The records found by the last scan, each to be taken once, in order. */
export class PageScan {
  count = 0;
  /** The first record that was not taken. */
  next = 0;
  /** What makes the low half of an LSN of an address in the memory. */
  base = 0;
  readonly #memory: ScanMemory;
  /** What was found, copied from the memory if others scan in it too. */
  readonly #found: Uint32Array;
  /** What makes an offset in the bytes of an address in the memory. */
  #shift = 0;
  /** Where the last scan found nothing sound that follows. */
  #stoppedAt = -1;

  /** @param memory one that nobody else scans in, for who takes records where they were found. */
  constructor(memory: ScanMemory = SHARED) {
    this.#memory = memory;
    this.#found = memory === SHARED ? new Uint32Array(2 * MOST_RECORDS) : memory.found;
  }

  /** Forgets what was found. */
  clear(): void {
    this.count = 0;
    this.next = 0;
    this.#stoppedAt = -1;
  }

  /** Where a record begins in the bytes that were scanned. */
  startOf(index: number): number {
    return (this.#found[2 * index] ?? 0) + this.#shift;
  }

  /** Where it ends, not aligned. */
  endOf(index: number): number {
    return (this.#found[2 * index + 1] ?? 0) + this.#shift;
  }

  /** True if the record at `offset` is the next to be taken. */
  isAt(offset: number): boolean {
    return this.next < this.count && this.startOf(this.next) === offset;
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
    const { scan, page, found } = this.#memory;
    // Copying is what keeps readers from needing memory as large as a segment each; the page stays in the first cache.
    page.set(bytes.subarray(offset, end));
    this.base = low + offset - PAGE_START;
    const count = scan(PAGE_START, PAGE_START + lengthBytes, this.base, high, previousLow, previousHigh, FOUND_START);
    this.#shift = offset - PAGE_START;
    if (found !== this.#found) {
      // Copied, as whoever is shown a record may scan other pages before the next.
      for (let index = 0; index < 2 * count; index += 1) this.#found[index] = found[index] ?? 0;
    }
    this.count = count;
    this.next = 0;
    this.#stoppedAt = count === 0 ? offset : (this.endOf(count - 1) + 7) & -8;
  }
}
