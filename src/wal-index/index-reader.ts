/**
 * Reads what `index-writer.ts` writes, and believes none of it: a number that is too long, a length or a count of more
 * than is left, is a `corrupt` failure that names the object and the place.
 *
 * @module
 */

import { corrupt } from '../codec/corrupt.ts';

const TWO_TO_32 = 2 ** 32;
/** Bytes of an integer that a number holds exactly: 49 bits. */
const EXACT_BYTES = 7;
/** 64 bits and a sign take 10 bytes. */
const LONGEST_BYTES = 10;

/** A place in bytes, moving forward. */
export class IndexReader {
  readonly #bytes: Buffer;
  readonly #object: string;
  readonly #part: string;
  #at = 0;

  /** @param part which part of the object it is, for messages. */
  constructor(bytes: Buffer, object: string, part: string) {
    this.#bytes = bytes;
    this.#object = object;
    this.#part = part;
  }

  /** How many bytes are left. */
  get leftBytes(): number {
    return this.#bytes.length - this.#at;
  }

  /** The failure of something that cannot be right here. */
  problem(found: string): Error {
    return corrupt(this.#object, `${found} in its ${this.#part}`, this.#at);
  }

  /** @throws {Failure} `corrupt` if not all was read. */
  end(): void {
    if (this.leftBytes > 0) throw this.problem(`${this.leftBytes} bytes left over`);
  }

  /** A number of 0 to 2^53 - 1. */
  unsigned(): number {
    const bytes = this.#bytes;
    const first = bytes[this.#at] ?? 0x80;
    if (first < 0x80) {
      this.#at += 1;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (let count = 0; count <= EXACT_BYTES; count += 1, scale *= 128) {
      const byte = bytes[this.#at];
      if (byte === undefined) throw this.problem('a number cut short');
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (Number.isSafeInteger(value)) return value;
        break;
      }
    }
    throw this.problem('a number too large');
  }

  /** A number of less than 2^52, of either sign. */
  signed(): number {
    const value = this.unsigned();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** An unsigned number of 32 bits: an oid, a transaction number, a block. */
  unsigned32(): number {
    const value = this.unsigned();
    if (value >= TWO_TO_32) throw this.problem('a number of more than 32 bits');
    return value;
  }

  /** A number of up to 70 bits. */
  unsignedBig(): bigint {
    let value = 0n;
    for (let count = 0; count < LONGEST_BYTES; count += 1) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) throw this.problem('a number cut short');
      this.#at += 1;
      value |= BigInt(byte & 0x7f) << BigInt(7 * count);
      if (byte < 0x80) return value;
    }
    throw this.problem('a number too large');
  }

  /** A number of up to 69 bits, with its sign. */
  signedBig(): bigint {
    const value = this.#fitsNumber() ? BigInt(this.unsigned()) : this.unsignedBig();
    return (value & 1n) === 0n ? value >> 1n : -((value + 1n) >> 1n);
  }

  /** A number to which what follows is added. */
  sum(before: bigint): bigint {
    const number = Number(before);
    if (!this.#fitsNumber()) return before + this.signedBig();
    const difference = this.signed();
    const sum = number + difference;
    const isExact = Number.isSafeInteger(number) && Number.isSafeInteger(sum);
    return isExact ? BigInt(sum) : before + BigInt(difference);
  }

  /** How many things follow, each of at least one byte. */
  count(): number {
    const value = this.unsigned();
    if (value > this.leftBytes) throw this.problem(`${value} things announced, and ${this.leftBytes} bytes left,`);
    return value;
  }

  /** Bytes behind their length: a view on what is read. */
  bytes(): Buffer {
    return this.raw(this.count());
  }

  /** So many bytes: a view. */
  raw(lengthBytes: number): Buffer {
    if (lengthBytes > this.leftBytes) throw this.problem(`${lengthBytes} bytes announced, ${this.leftBytes} left,`);
    this.#at += lengthBytes;
    return this.#bytes.subarray(this.#at - lengthBytes, this.#at);
  }

  /** True if the next number ends within the bytes that a number holds exactly. */
  #fitsNumber(): boolean {
    if ((this.#bytes[this.#at] ?? 0) < 0x80) return true;
    for (let count = 0; count < EXACT_BYTES; count += 1) {
      if ((this.#bytes[this.#at + count] ?? 0) < 0x80) return true;
    }
    return false;
  }
}
