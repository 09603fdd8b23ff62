/**
 * CRC-32C of the checksums of records, which stand for all their bytes: another pass over these would tell no more.
 *
 * @module
 */

import { CRC32C_START, extendCrc32c, finishCrc32c } from '../postgres/crc32c.ts';
import { CRC_OFFSET } from '../postgres/wal-records/wal-record.ts';

const CRC_BYTES = 4;
/** Of so many records at once, as calls with four bytes each would cost more than what they add. */
const RECORDS_AT_ONCE = 4096;

/** Takes records in order. */
export class ContentCrc {
  readonly #waiting = new Uint8Array(CRC_BYTES * RECORDS_AT_ONCE);
  #waitingBytes = 0;
  #crc = CRC32C_START;

  /** Takes the checksum of the record at `start`. */
  add(bytes: Buffer, start: number): void {
    const waiting = this.#waiting;
    if (this.#waitingBytes === waiting.length) this.#takeWaiting();
    const at = this.#waitingBytes;
    const from = start + CRC_OFFSET;
    waiting[at] = bytes[from] ?? 0;
    waiting[at + 1] = bytes[from + 1] ?? 0;
    waiting[at + 2] = bytes[from + 2] ?? 0;
    waiting[at + 3] = bytes[from + 3] ?? 0;
    this.#waitingBytes = at + CRC_BYTES;
  }

  /** The checksum of all that were taken. */
  get value(): number {
    this.#takeWaiting();
    return finishCrc32c(this.#crc);
  }

  #takeWaiting(): void {
    this.#crc = extendCrc32c(this.#crc, this.#waiting, 0, this.#waitingBytes);
    this.#waitingBytes = 0;
  }
}
