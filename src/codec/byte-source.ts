/**
 * Bytes that arrive in pieces of any size, taken in the lengths a format asks for.
 *
 * Holds at most the piece that arrived last and what one `take` asked for. Pieces are handed out as they came, not
 * copied, wherever one piece holds all that was asked for.
 *
 * @module
 */

function asBuffer(piece: Uint8Array): Buffer {
  return Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/** A cursor over a stream of bytes. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Buffer = Buffer.alloc(0);
  #hasEnded = false;
  #offset = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#pieces = source[Symbol.asyncIterator]();
  }

  /** How many bytes were taken so far: where the next one is in the object. */
  get offset(): number {
    return this.#offset;
  }

  /** The next `lengthBytes` bytes; fewer only if the source ended. The caller bounds the length. */
  async take(lengthBytes: number): Promise<Buffer> {
    if (lengthBytes <= this.#piece.length) return this.#cut(lengthBytes);
    const parts: Buffer[] = [];
    let missing = lengthBytes;
    while (missing > 0) {
      const part = await this.takeSome(missing);
      if (part.length === 0) break;
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** At least one and at most `maxBytes` of the next bytes, as they came; empty only if the source ended. */
  async takeSome(maxBytes: number): Promise<Buffer> {
    while (this.#piece.length === 0 && !this.#hasEnded) {
      const next = await this.#pieces.next();
      if (next.done === true) this.#hasEnded = true;
      else this.#piece = asBuffer(next.value);
    }
    return this.#cut(Math.min(maxBytes, this.#piece.length));
  }

  /** The next `lengthBytes` bytes without taking them; fewer only if the source ends before. */
  async peek(lengthBytes: number): Promise<Buffer> {
    while (this.#piece.length < lengthBytes && !this.#hasEnded) {
      const next = await this.#pieces.next();
      if (next.done === true) this.#hasEnded = true;
      else this.#piece = this.#piece.length === 0 ? asBuffer(next.value) : Buffer.concat([this.#piece, next.value]);
    }
    return this.#piece.subarray(0, lengthBytes);
  }

  #cut(lengthBytes: number): Buffer {
    const part = this.#piece.subarray(0, lengthBytes);
    this.#piece = this.#piece.subarray(lengthBytes);
    this.#offset += lengthBytes;
    return part;
  }

  /** Tells the source that no more is wanted, so that it can free what it holds. */
  async close(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.#pieces.return?.();
  }
}
