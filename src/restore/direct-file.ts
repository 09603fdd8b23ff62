/**
 * Writing a large file past the page cache (`O_DIRECT`).
 *
 * A restore is larger than memory and is read by nobody at once; through the page cache it is bound by write-back, and
 * pushes out what the live server has there. Direct writes need memory, offsets and lengths that are multiples of a
 * block: the memory of a WebAssembly instance begins on a page, which a `Buffer` does not. While one piece is being
 * written the next is filled.
 *
 * A file system that has no direct writes says so when the file is opened.
 *
 * Source: Linux `open(2)`, "O_DIRECT".
 *
 * @module
 */

import { constants, ftruncateSync, openSync, rmSync, write } from 'node:fs';
import { promisify } from 'node:util';

const writeAt = promisify(write);

/** Length of one write. */
const PIECE_BYTES = 2 * 1024 * 1024;
/** Direct writes are multiples of this. */
const BLOCK_BYTES = 4096;
const WASM_PAGE_BYTES = 65_536;
const BUFFERS = 2;

/** The aligned buffers of one thread, used for one file after another. */
export class DirectBuffers {
  readonly #pieces: Buffer[] = Array.from({ length: BUFFERS }, () =>
    Buffer.from(new WebAssembly.Memory({ initial: PIECE_BYTES / WASM_PAGE_BYTES }).buffer),
  );
  readonly #pending: Promise<void>[] = Array.from({ length: BUFFERS }, () => Promise.resolve());
  #at = 0;

  /** Fills and writes; answers when all but the last pieces are on their way. */
  async writeBody(file: number, body: AsyncIterable<Buffer>, onBytes: (bytes: number) => void): Promise<void> {
    let position = 0;
    let fill = 0;
    for await (const content of body) {
      for (let from = 0; from < content.length;) {
        if (fill === 0) await this.#pending[this.#at];
        const copied = content.copy(this.#current(), fill, from, from + PIECE_BYTES - fill);
        fill += copied;
        from += copied;
        if (fill < PIECE_BYTES) continue;
        this.#start(file, PIECE_BYTES, position);
        position += PIECE_BYTES;
        fill = 0;
      }
      onBytes(content.length);
    }
    await this.#writeRest(file, fill, position);
  }

  async #writeRest(file: number, fill: number, position: number): Promise<void> {
    if (fill > 0) {
      const lengthBytes = Math.ceil(fill / BLOCK_BYTES) * BLOCK_BYTES;
      this.#current().fill(0, fill, lengthBytes);
      this.#start(file, lengthBytes, position);
    }
    await Promise.all(this.#pending);
    if (fill % BLOCK_BYTES !== 0) ftruncateSync(file, position + fill);
  }

  #current(): Buffer {
    const piece = this.#pieces[this.#at];
    if (piece === undefined) throw new TypeError('no such buffer');
    return piece;
  }

  #start(file: number, lengthBytes: number, position: number): void {
    const writing = writeFully(file, this.#current(), lengthBytes, position);
    void writing.catch(() => {});
    this.#pending[this.#at] = writing;
    this.#at = (this.#at + 1) % BUFFERS;
  }

  /** After a failure: no buffer is in use any more. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#pending);
    void this.#pending.fill(Promise.resolve());
  }
}

async function writeFully(file: number, piece: Buffer, lengthBytes: number, position: number): Promise<void> {
  for (let written = 0; written < lengthBytes;) {
    const { bytesWritten } = await writeAt(file, piece, written, lengthBytes - written, position + written);
    written += bytesWritten;
    if (written < lengthBytes && written % BLOCK_BYTES !== 0) written -= written % BLOCK_BYTES;
  }
}

/** Opens a new file for direct writes; `undefined` if its file system, or this one, has none. */
export function openDirect(path: string, flags: number, mode: number): number | undefined {
  if (constants.O_DIRECT === undefined) return undefined;
  try {
    return openSync(path, flags | constants.O_DIRECT, mode);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error;
    // Linux makes the file before it asks the file system.
    rmSync(path, { force: true });
    return undefined;
  }
}
