/**
 * Gives the memory of a large buffer back at once, instead of when the garbage collector gets to it: segments come
 * faster than it runs, and the agent lives beside a server that wants the memory.
 *
 * Only for a buffer that nothing uses any more: its content is gone, and so is that of every view on it.
 *
 * @module
 */

/** Buffers up to this share their memory with others (`Buffer.poolSize`), and are not worth it. */
const MIN_BYTES = 64 * 1024;

/** Frees a buffer's memory, if the buffer has it to itself. */
export function releaseBuffer(buffer: Buffer): void {
  const memory = buffer.buffer;
  const isWhole = buffer.byteOffset === 0 && buffer.byteLength === memory.byteLength;
  if (!isWhole || buffer.byteLength < MIN_BYTES || !(memory instanceof ArrayBuffer) || memory.detached) return;
  memory.transfer(0);
}
