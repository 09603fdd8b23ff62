/**
 * A few buffers of the size of a segment, used again and again: a segment that is read into memory of its own costs
 * more for that memory than for the reading, and what the runtime frees late adds up beside a server that wants it.
 *
 * Who wants one waits until one is free, so their number also bounds how much WAL is in hand.
 *
 * @module
 */

import { releaseBuffer } from '../base/release-buffer.ts';

/** Buffers of one size. */
export class WalBuffers {
  readonly #sizeBytes: number;
  readonly #usualCount: number;
  readonly #countBehind: number;
  #count: number;
  readonly #free: Buffer[] = [];
  readonly #waiting: ((buffer: Buffer) => void)[] = [];
  #taken = 0;

  /** @param given `countBehind`: how many there may be while pushing is behind; `count` unless told. */
  constructor(given: { readonly count: number; readonly sizeBytes: number; readonly countBehind?: number }) {
    this.#usualCount = given.count;
    this.#countBehind = given.countBehind ?? given.count;
    this.#count = given.count;
    this.#sizeBytes = given.sizeBytes;
  }

  /** While it is, more are lent. What is out beyond that comes back by itself, and is freed then. */
  set isBehind(isBehind: boolean) {
    this.#count = isBehind ? this.#countBehind : this.#usualCount;
    while (this.#taken < this.#count) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      next(this.#next());
    }
  }

  /** What a buffer can hold. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** A buffer whose content is anything; to be given back by the caller. */
  async take(): Promise<Buffer> {
    if (this.#taken >= this.#count) return new Promise((resolve) => this.#waiting.push(resolve));
    return this.#next();
  }

  #next(): Buffer {
    this.#taken += 1;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#sizeBytes);
  }

  /** In place of giving one back that something may still read: it is never used again. */
  giveUp(): void {
    this.giveBack(Buffer.allocUnsafeSlow(this.#sizeBytes));
  }

  /** Gives one back that nothing uses any more. */
  giveBack(buffer: Buffer): void {
    if (this.#taken > this.#count) {
      this.#taken -= 1;
      releaseBuffer(buffer);
      return;
    }
    const next = this.#waiting.shift();
    if (next !== undefined) {
      next(buffer);
      return;
    }
    this.#taken -= 1;
    this.#free.push(buffer);
  }

  /** Frees the memory of those that nobody has. They are made again when they are wanted. */
  freeUnused(): void {
    for (const buffer of this.#free.splice(0)) releaseBuffer(buffer);
  }
}
