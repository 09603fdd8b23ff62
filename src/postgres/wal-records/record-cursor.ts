/**
 * Reads a record's main data field by field. No field is aligned beyond what its reader says, and no read goes past
 * the end.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';

/** A place in a record's main data. */
export class RecordCursor {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get remainingBytes(): number {
    return this.#bytes.length - this.#at;
  }

  /** Steps over `lengthBytes`. @throws {Failure} `corrupt` if the record has fewer. */
  skip(lengthBytes: number): void {
    this.#take(lengthBytes);
  }

  /** @throws {Failure} `corrupt` if fewer than `lengthBytes` are left; nothing is read. */
  expect(lengthBytes: number): void {
    if (lengthBytes > this.remainingBytes) throw shorter(`${this.remainingBytes} bytes left for ${lengthBytes}`);
  }

  /** @throws {Failure} `corrupt` if anything is left. */
  expectEnd(): void {
    if (this.remainingBytes > 0) throw shorter(`${this.remainingBytes} bytes more than its fields`);
  }

  /** Steps to the next multiple of 8 from the start of the main data. */
  align(): void {
    this.#take((8 - (this.#at % 8)) % 8);
  }

  uint8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  uint16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  int32(): number {
    return this.#bytes.readInt32LE(this.#take(4));
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  uint64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8));
  }

  int64(): bigint {
    return this.#bytes.readBigInt64LE(this.#take(8));
  }

  /** `count` numbers of 32 bits. @throws {Failure} `corrupt` if the record has fewer, before anything is allocated. */
  uint32s(count: number): number[] {
    const start = this.#take(count * 4);
    return Array.from({ length: count }, (_, index) => this.#bytes.readUInt32LE(start + index * 4));
  }

  /** A count of items, as the server writes it: signed. @throws {Failure} `corrupt` if it is negative. */
  count(): number {
    const count = this.int32();
    if (count < 0) throw shorter(`a count of ${count}`);
    return count;
  }

  /** Text up to its zero byte, which is stepped over too. */
  text(): string {
    const zero = this.#bytes.indexOf(0, this.#at);
    if (zero < 0) throw shorter('a text without end');
    const text = this.#bytes.toString('utf8', this.#at, zero);
    this.#at = zero + 1;
    return text;
  }

  /** Text in a field of fixed length, up to its first zero byte. */
  fixedText(lengthBytes: number): string {
    const start = this.#take(lengthBytes);
    const zero = this.#bytes.indexOf(0, start);
    const end = zero < 0 || zero > start + lengthBytes ? start + lengthBytes : zero;
    return this.#bytes.toString('utf8', start, end);
  }

  #take(lengthBytes: number): number {
    const start = this.#at;
    this.expect(lengthBytes);
    this.#at += lengthBytes;
    return start;
  }
}

/** The failure of a record that ends before its fields do, or after. */
export function shorter(found: string): Failure {
  return new Failure('corrupt', {
    message: `cannot read a WAL record: ${found}`,
    remedy: 'The record passed its CRC, so a program wrote it like this; report it with the segment.',
  });
}
