/**
 * Writes the numbers and bytes of an index: everything is a variable-length integer (7 bits a byte, the lowest first; a
 * set high bit says that more follow), or bytes behind their length.
 *
 * @module
 */

const FIRST_BYTES = 1024;
/** The longest integer: 64 bits and a sign. */
const LONGEST_BYTES = 10;
const TWO_TO_31 = 2 ** 31;
/** Differences up to this are exact as numbers, with their sign. */
const LARGEST_SIGNED = 2n ** 51n;
const LARGEST_SIGNED_NUMBER = 2 ** 51;

/** A buffer that grows. */
export class IndexWriter {
  #bytes: Buffer;
  #at = 0;

  /** @param likelyBytes how much will be written, as far as that is known. */
  constructor(likelyBytes = FIRST_BYTES) {
    this.#bytes = Buffer.allocUnsafe(Math.max(likelyBytes, FIRST_BYTES));
  }

  /** How much was written. */
  get lengthBytes(): number {
    return this.#at;
  }

  /** What was written; valid until more is. */
  get written(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** A number of 0 to 2^53 - 1. */
  unsigned(value: number): void {
    if (this.#bytes.length - this.#at < LONGEST_BYTES) this.#grow(LONGEST_BYTES);
    const bytes = this.#bytes;
    if (value < 0x80) {
      bytes[this.#at++] = value;
      return;
    }
    let rest = value;
    for (; rest >= TWO_TO_31; rest = Math.floor(rest / 128)) bytes[this.#at++] = (rest % 128) | 0x80;
    for (; rest >= 0x80; rest >>>= 7) bytes[this.#at++] = (rest & 0x7f) | 0x80;
    bytes[this.#at++] = rest;
  }

  /** A number of less than 2^52, of either sign. Small ones are short. */
  signed(value: number): void {
    this.unsigned(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** 64 bits without a sign. */
  unsignedBig(value: bigint): void {
    if (value <= BigInt(Number.MAX_SAFE_INTEGER)) {
      this.unsigned(Number(value));
      return;
    }
    if (this.#bytes.length - this.#at < LONGEST_BYTES) this.#grow(LONGEST_BYTES);
    let rest = value;
    for (; rest >= 0x80n; rest >>= 7n) this.#bytes[this.#at++] = Number(rest & 0x7fn) | 0x80;
    this.#bytes[this.#at++] = Number(rest);
  }

  /** 64 bits with a sign, or the difference of two such. */
  signedBig(value: bigint): void {
    if (value > -LARGEST_SIGNED && value < LARGEST_SIGNED) this.signed(Number(value));
    else this.unsignedBig(value >= 0n ? value * 2n : -value * 2n - 1n);
  }

  /** What is to be added to `before`; without a `bigint` where both are exact as numbers, as all but hostile ones are. */
  difference(value: bigint | number, before: bigint | number): void {
    const [number, numberBefore] = [Number(value), Number(before)];
    const difference = number - numberBefore;
    const isExact = Number.isSafeInteger(number) && Number.isSafeInteger(numberBefore);
    if (isExact && Math.abs(difference) < LARGEST_SIGNED_NUMBER) this.signed(difference);
    else this.signedBig(BigInt(value) - BigInt(before));
  }

  /** Bytes, behind their length. */
  bytes(value: Uint8Array): void {
    this.unsigned(value.length);
    this.raw(value);
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    if (this.#bytes.length - this.#at < value.length) this.#grow(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  #grow(moreBytes: number): void {
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + moreBytes));
    larger.set(this.written);
    this.#bytes = larger;
  }
}
