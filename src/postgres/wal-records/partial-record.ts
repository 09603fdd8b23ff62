/**
 * A record whose bytes are still coming, page by page.
 *
 * The length that a record announces is not trusted before its CRC: memory grows with the bytes that came, never ahead
 * of them by more than double.
 *
 * @module
 */

const FIRST_CAPACITY_BYTES = 64 * 1024;

/** Holds at most one record. */
export class PartialRecord {
  /** Halves of the record's LSN. */
  high = 0;
  low = 0;
  totalBytes = 0;
  collectedBytes = 0;
  #buffer = Buffer.allocUnsafe(FIRST_CAPACITY_BYTES);

  /** True while a record is being collected. */
  get isOpen(): boolean {
    return this.totalBytes > 0;
  }

  /** How many bytes are still to come. */
  get missingBytes(): number {
    return this.totalBytes - this.collectedBytes;
  }

  /** The collected bytes; overwritten by the next record. */
  get bytes(): Buffer {
    return this.#buffer;
  }

  begin(high: number, low: number, totalBytes: number): void {
    this.high = high;
    this.low = low;
    this.totalBytes = totalBytes;
    this.collectedBytes = 0;
  }

  append(bytes: Buffer, start: number, end: number): void {
    const neededBytes = this.collectedBytes + end - start;
    if (neededBytes > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(neededBytes, this.#buffer.length * 2));
      this.#buffer.copy(larger, 0, 0, this.collectedBytes);
      this.#buffer = larger;
    }
    bytes.copy(this.#buffer, this.collectedBytes, start, end);
    this.collectedBytes = neededBytes;
  }

  /** Forgets the record. */
  drop(): void {
    this.totalBytes = 0;
    this.collectedBytes = 0;
  }
}
