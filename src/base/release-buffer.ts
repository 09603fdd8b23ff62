/**
 * Gives the memory of a large buffer back at once, instead of when the garbage collector gets to it: segments and frames
 * come faster than it runs, and the program lives beside a server that wants the memory.
 *
 * Only for a buffer that nothing uses any more: its content is gone, and so is that of every view on it.
 *
 * @module
 */

/** Buffers up to this share their memory with others (`Buffer.poolSize`), and are not worth it. */
const MIN_BYTES = 64 * 1024;
/** A decoder may leave some of what it allocated unused; a view on a small part of something is left alone. */
const MIN_SHARE = 0.5;

/** Frees a buffer's memory, if the buffer is all or nearly all of it. */
export function releaseBuffer(buffer: Uint8Array): void {
  const memory = buffer.buffer;
  const isWhole = buffer.byteOffset === 0 && buffer.byteLength >= memory.byteLength * MIN_SHARE;
  if (!isWhole || buffer.byteLength < MIN_BYTES || !(memory instanceof ArrayBuffer) || memory.detached) return;
  memory.transfer(0);
}
