/**
 * xxHash32, seed 0, of data that comes in pieces: the checksum of LZ4 frames.
 *
 * Source: "xxHash fast digest algorithm", XXH32.
 *
 * @module
 */

const PRIME_1 = 0x9e3779b1 | 0;
const PRIME_2 = 0x85ebca77 | 0;
const PRIME_3 = 0xc2b2ae3d | 0;
const PRIME_4 = 0x27d4eb2f | 0;
const PRIME_5 = 0x165667b1 | 0;
const STRIPE_BYTES = 16;

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function viewOf(data: Uint8Array): DataView {
  return new DataView(data.buffer, data.byteOffset, data.byteLength);
}

/** A running xxHash32. */
export class XxHash32 {
  #lane1 = (PRIME_1 + PRIME_2) | 0;
  #lane2 = PRIME_2;
  #lane3 = 0;
  #lane4 = -PRIME_1 | 0;
  #totalBytes = 0;
  /** Bytes after the last whole stripe. */
  readonly #rest = Buffer.alloc(STRIPE_BYTES);
  #restBytes = 0;

  /** Adds the next piece. */
  update(data: Uint8Array): this {
    this.#totalBytes += data.length;
    let at = 0;
    if (this.#restBytes > 0) {
      at = Math.min(STRIPE_BYTES - this.#restBytes, data.length);
      this.#rest.set(data.subarray(0, at), this.#restBytes);
      this.#restBytes += at;
      if (this.#restBytes < STRIPE_BYTES) return this;
      this.#addStripes(viewOf(this.#rest), 0, STRIPE_BYTES);
      this.#restBytes = 0;
    }
    const end = data.length - ((data.length - at) % STRIPE_BYTES);
    this.#addStripes(viewOf(data), at, end);
    this.#rest.set(data.subarray(end), 0);
    this.#restBytes = data.length - end;
    return this;
  }

  #addStripes(view: DataView, from: number, end: number): void {
    let lane1 = this.#lane1;
    let lane2 = this.#lane2;
    let lane3 = this.#lane3;
    let lane4 = this.#lane4;
    for (let at = from; at < end; at += STRIPE_BYTES) {
      lane1 = Math.imul(rotateLeft((lane1 + Math.imul(view.getInt32(at, true), PRIME_2)) | 0, 13), PRIME_1);
      lane2 = Math.imul(rotateLeft((lane2 + Math.imul(view.getInt32(at + 4, true), PRIME_2)) | 0, 13), PRIME_1);
      lane3 = Math.imul(rotateLeft((lane3 + Math.imul(view.getInt32(at + 8, true), PRIME_2)) | 0, 13), PRIME_1);
      lane4 = Math.imul(rotateLeft((lane4 + Math.imul(view.getInt32(at + 12, true), PRIME_2)) | 0, 13), PRIME_1);
    }
    this.#lane1 = lane1;
    this.#lane2 = lane2;
    this.#lane3 = lane3;
    this.#lane4 = lane4;
  }

  /** The hash of everything added, unsigned. May be called more than once. */
  digest(): number {
    let hash = this.#converged();
    hash = (hash + this.#totalBytes) | 0;
    let at = 0;
    for (; at + 4 <= this.#restBytes; at += 4) {
      hash = Math.imul(rotateLeft((hash + Math.imul(this.#rest.readInt32LE(at), PRIME_3)) | 0, 17), PRIME_4);
    }
    for (; at < this.#restBytes; at += 1) {
      hash = Math.imul(rotateLeft((hash + Math.imul(this.#rest.readUInt8(at), PRIME_5)) | 0, 11), PRIME_1);
    }
    hash = Math.imul(hash ^ (hash >>> 15), PRIME_2);
    hash = Math.imul(hash ^ (hash >>> 13), PRIME_3);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  #converged(): number {
    if (this.#totalBytes < STRIPE_BYTES) return PRIME_5;
    const lanes = rotateLeft(this.#lane1, 1) + rotateLeft(this.#lane2, 7);
    return (lanes + rotateLeft(this.#lane3, 12) + rotateLeft(this.#lane4, 18)) | 0;
  }
}

/** The xxHash32 of a whole buffer, unsigned. */
export function xxHash32(data: Uint8Array): number {
  return new XxHash32().update(data).digest();
}
