/**
 * A tar on its way out: bytes are collected in one buffer and leave it as frames of about {@link FRAME_BYTES}.
 *
 * The buffer is the page verifier's memory, so that what was read into it is verified where it is.
 *
 * @module
 */

import { TAR_END } from '../codec/tar-header.ts';
import { createPageVerifier, type PageVerifier } from '../postgres/page-checksum.ts';
import type { FrameEncoder } from './frame-encoder.ts';

/** How much of the tar goes into one frame, tar headers not counted. A multiple of the page size. */
export const FRAME_BYTES = 2 * 1024 * 1024;

const TAR_BLOCK_BYTES = 512;
/** Room for headers beside {@link FRAME_BYTES}; a name too long for one block takes three. */
const HEADER_ROOM_BYTES = 64 * 1024;

/** One frame: lengths as stored and as tar. */
export interface PackedFrame {
  readonly storedBytes: number;
  readonly tarBytes: number;
}

/** The tar of one part after another. */
export class TarFrames {
  readonly verifier: PageVerifier = createPageVerifier(FRAME_BYTES + HEADER_ROOM_BYTES);
  readonly #buffer: Buffer = Buffer.from(this.verifier.memory.buffer, 0, this.verifier.memory.length);
  readonly #emit: (frame: Buffer, tarBytes: number) => void;
  #encoder: FrameEncoder | undefined;
  #fill = 0;
  #tarOffset = 0;
  #frames: PackedFrame[] = [];

  /** @param emit takes each frame as it is ready; it may keep it. */
  constructor(emit: (frame: Buffer, tarBytes: number) => void) {
    this.#emit = emit;
  }

  /** Begins a part. */
  start(encoder: FrameEncoder): void {
    this.#encoder = encoder;
    this.#fill = 0;
    this.#tarOffset = 0;
    this.#frames = [];
  }

  /** Ends it. Answers with its frames. */
  finish(): readonly PackedFrame[] {
    this.makeRoom(TAR_END.length);
    this.append(TAR_END);
    this.flush();
    const rest = this.#encoder?.end();
    if (rest !== undefined && rest.length > 0) this.#deliver(rest, 0);
    return this.#frames;
  }

  /** Where the next byte is in the part's uncompressed tar. */
  get tarOffset(): number {
    return this.#tarOffset + this.#fill;
  }

  /** Bytes that wait in the buffer: where the next one is in the verifier's memory. */
  get fill(): number {
    return this.#fill;
  }

  /** True if an entry of this size, from here on, does not fit into the buffer. */
  isLarge(sizeBytes: number): boolean {
    return this.#fill + padded(sizeBytes) > this.#buffer.length;
  }

  /** Begins a new frame, unless `lengthBytes` fit into this one. */
  makeRoom(lengthBytes: number): void {
    if (this.#fill + lengthBytes > this.#buffer.length) this.flush();
    else if (this.#fill + lengthBytes > FRAME_BYTES && this.#fill > 0) this.flush();
  }

  /** Copies bytes that room was made for. */
  append(bytes: Uint8Array): void {
    this.#buffer.set(bytes, this.#fill);
    this.#fill += bytes.length;
  }

  /** The next `lengthBytes` of the buffer, to be filled; then {@link TarFrames.advance}. */
  next(lengthBytes: number): Buffer {
    return this.#buffer.subarray(this.#fill, this.#fill + lengthBytes);
  }

  advance(lengthBytes: number): void {
    this.#fill += lengthBytes;
  }

  /** Zeros; beyond one frame they go to frames of their own. */
  appendZeros(lengthBytes: number): void {
    for (let left = lengthBytes; left > 0;) {
      this.flush();
      const length = Math.min(FRAME_BYTES, left);
      this.#buffer.fill(0, this.#fill, this.#fill + length);
      this.#fill += length;
      left -= length;
    }
  }

  /** Fills up to the tar block behind an entry of `sizeBytes`. */
  padToBlock(sizeBytes: number): void {
    const end = this.#fill + padded(sizeBytes) - sizeBytes;
    this.#buffer.fill(0, this.#fill, end);
    this.#fill = end;
  }

  flush(): void {
    if (this.#fill === 0 || this.#encoder === undefined) return;
    const frame = this.#encoder.encode(this.#buffer.subarray(0, this.#fill));
    const tarBytes = this.#fill;
    this.#fill = 0;
    this.#tarOffset += tarBytes;
    this.#deliver(frame, tarBytes);
  }

  #deliver(frame: Buffer, tarBytes: number): void {
    this.#frames.push({ storedBytes: frame.length, tarBytes });
    this.#emit(frame, tarBytes);
  }
}

/** The size with the padding to a whole tar block. */
export function padded(sizeBytes: number): number {
  return Math.ceil(sizeBytes / TAR_BLOCK_BYTES) * TAR_BLOCK_BYTES;
}
