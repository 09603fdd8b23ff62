/**
 * Memory that is filled again and again: as large as the most that was ever needed at once, and never garbage.
 *
 * @module
 */

const SMALLEST_BYTES = 256 * 1024;

/** One stretch of bytes, filled from its beginning. */
export class ReusedMemory {
  #memory: Buffer = Buffer.alloc(0);
  #used = 0;

  /** What was reserved since the beginning. */
  get content(): Buffer {
    return this.#memory.subarray(0, this.#used);
  }

  /** Begins again: what was reserved before is overwritten. */
  begin(): void {
    this.#used = 0;
  }

  /** Begins again, in other memory; what was reserved before is the caller's. */
  handOver(): Buffer {
    const { content } = this;
    this.#memory = Buffer.alloc(0);
    this.#used = 0;
    return content;
  }

  /** Room for the next bytes. Rooms of before are not to be used any more, but as part of {@link content}. */
  reserve(lengthBytes: number): Buffer {
    const needed = this.#used + lengthBytes;
    if (needed > this.#memory.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#memory.length, SMALLEST_BYTES));
      this.content.copy(larger);
      this.#memory = larger;
    }
    this.#used = needed;
    return this.#memory.subarray(needed - lengthBytes, needed);
  }
}
