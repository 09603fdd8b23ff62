/**
 * LZMA's range decoder: bits, each with the probability that those before it have taught.
 *
 * It reads from a stretch of input that is replaced as more arrives; whoever drives it sees to it that a whole symbol is
 * there. Reading beyond the input gives zeros, and {@link RangeDecoder.isOverrun} tells.
 *
 * Source: the LZMA specification (LZMA SDK, `lzma-specification.txt`, public domain).
 *
 * @module
 */

const PROBABILITY_BITS = 11;
const PROBABILITY_HALF = 1 << (PROBABILITY_BITS - 1);
const PROBABILITY_ALL = 1 << PROBABILITY_BITS;
const LEARNING_SHIFT = 5;
const LEAST_RANGE = 2 ** 24;

/** The bytes a stream of bits begins with. */
export const RANGE_START_BYTES = 5;

/** Probabilities of bits that nothing is known of yet. */
export function freshProbabilities(count: number): Uint16Array {
  return new Uint16Array(count).fill(PROBABILITY_HALF);
}

/** Decodes bits. */
export class RangeDecoder {
  #input: Uint8Array = new Uint8Array(0);
  #at = 0;
  #range = 0xffffffff;
  #code = 0;

  /** Goes on reading in `input`. */
  feed(input: Uint8Array): void {
    this.#input = input;
    this.#at = 0;
  }

  /** How many bytes of the input are not read yet; negative if more were wanted than there were. */
  get unreadBytes(): number {
    return this.#input.length - this.#at;
  }

  /** True if bits were read that are not there. */
  get isOverrun(): boolean {
    return this.#at > this.#input.length;
  }

  /** True where a stream may end. */
  get isFinished(): boolean {
    return this.#code === 0;
  }

  /** Reads what a stream begins with. False if it is no beginning. */
  start(): boolean {
    const first = this.#input[this.#at] ?? 1;
    this.#at += 1;
    for (let count = 1; count < RANGE_START_BYTES; count += 1) this.#code = this.#shifted(this.#code);
    return first === 0 && this.#code !== this.#range;
  }

  /** The next bit, by the probability at `index`, which learns from it. */
  bit(probabilities: Uint16Array, index: number): number {
    const probability = probabilities[index] ?? PROBABILITY_HALF;
    const bound = (this.#range >>> PROBABILITY_BITS) * probability;
    let bit = 0;
    if (this.#code < bound) {
      probabilities[index] = probability + ((PROBABILITY_ALL - probability) >>> LEARNING_SHIFT);
      this.#range = bound;
    } else {
      probabilities[index] = probability - (probability >>> LEARNING_SHIFT);
      this.#range -= bound;
      this.#code -= bound;
      bit = 1;
    }
    if (this.#range < LEAST_RANGE) this.#normalize();
    return bit;
  }

  /** `count` bits that are as likely one as zero, highest first. */
  directBits(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left -= 1) {
      this.#range = this.#range >>> 1;
      const bit = this.#code >= this.#range ? 1 : 0;
      if (bit === 1) this.#code -= this.#range;
      if (this.#range < LEAST_RANGE) this.#normalize();
      value = value * 2 + bit;
    }
    return value;
  }

  /** `count` bits, highest first, by a tree of probabilities that begins at `base`. */
  tree(probabilities: Uint16Array, base: number, count: number): number {
    let node = 1;
    for (let left = count; left > 0; left -= 1) node = node * 2 + this.bit(probabilities, base + node);
    return node - (1 << count);
  }

  /** {@link tree}, lowest first. */
  reverseTree(probabilities: Uint16Array, base: number, count: number): number {
    let node = 1;
    let value = 0;
    for (let at = 0; at < count; at += 1) {
      const bit = this.bit(probabilities, base + node);
      node = node * 2 + bit;
      value += bit << at;
    }
    return value;
  }

  #normalize(): void {
    this.#range = (this.#range << 8) >>> 0;
    this.#code = this.#shifted(this.#code);
  }

  #shifted(code: number): number {
    const byte = this.#input[this.#at] ?? 0;
    this.#at += 1;
    return ((code << 8) | byte) >>> 0;
  }
}
