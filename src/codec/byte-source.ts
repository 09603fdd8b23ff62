/**
 * Bytes that arrive in pieces of any size, taken in the lengths a format asks for.
 *
 * Holds at most the piece that arrived last and what one `take` asked for. Pieces are handed out as they came, not
 * copied, wherever one piece holds all that was asked for. What was handed out is to be used before more is asked for:
 * the source may free a piece, or use its memory again, when it is asked for the next.
 *
 * @module
 */

/** Not part of any piece, whose memory may be gone. */
const NOTHING: Buffer = Buffer.alloc(0);

function asBuffer(piece: Uint8Array): Buffer {
  return Buffer.isBuffer(piece) ? piece : Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/** A cursor over a stream of bytes. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>;
  #piece: Buffer = NOTHING;
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
    if (this.#piece.length === 0 && lengthBytes > 0) await this.#pull();
    if (lengthBytes <= this.#piece.length) return this.#cut(lengthBytes);
    const whole = Buffer.allocUnsafe(lengthBytes);
    return whole.subarray(0, await this.takeInto(whole));
  }

  /** Fills `target` with the next bytes. Answers with their number, which is less only if the source ended. */
  async takeInto(target: Buffer): Promise<number> {
    let filled = 0;
    while (filled < target.length) {
      const part = await this.takeSome(target.length - filled);
      if (part.length === 0) break;
      part.copy(target, filled);
      filled += part.length;
    }
    return filled;
  }

  /** At least one and at most `maxBytes` of the next bytes, as they came; empty only if the source ended. */
  async takeSome(maxBytes: number): Promise<Buffer> {
    await this.#pull();
    return this.#cut(Math.min(maxBytes, this.#piece.length));
  }

  /** The next `lengthBytes` bytes without taking them; fewer only if the source ends before. */
  async peek(lengthBytes: number): Promise<Buffer> {
    await this.#pull();
    while (this.#piece.length < lengthBytes && !this.#hasEnded) {
      const before = Buffer.from(this.#piece);
      this.#piece = NOTHING;
      await this.#pull();
      this.#piece = Buffer.concat([before, this.#piece]);
    }
    return this.#piece.subarray(0, lengthBytes);
  }

  /** Gets the next piece if there is nothing left of the last one. */
  async #pull(): Promise<void> {
    while (this.#piece.length === 0 && !this.#hasEnded) {
      const next = await this.#pieces.next();
      if (next.done === true) this.#hasEnded = true;
      else this.#piece = asBuffer(next.value);
    }
  }

  #cut(lengthBytes: number): Buffer {
    const part = this.#piece.subarray(0, lengthBytes);
    this.#piece = lengthBytes === this.#piece.length ? NOTHING : this.#piece.subarray(lengthBytes);
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
