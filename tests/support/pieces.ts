/**
 * Streams of bytes for tests.
 *
 * @module
 */

/** The data in pieces of the given sizes, the sizes repeated as often as needed. An empty piece comes before them. */
export async function* inPieces(data: Uint8Array, ...sizesBytes: readonly number[]): AsyncGenerator<Buffer> {
  const whole = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  yield whole.subarray(0, 0);
  let at = 0;
  for (let index = 0; at < whole.length; index += 1) {
    const sizeBytes = Math.max(sizesBytes[index % sizesBytes.length] ?? whole.length, 1);
    yield whole.subarray(at, at + sizeBytes);
    at += sizeBytes;
  }
}

/** All bytes of a stream. */
export async function joined(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(source));
}

/** Bytes that look random and are the same each time (xorshift32). */
export function noise(sizeBytes: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(sizeBytes);
  let state = seed | 1;
  for (let at = 0; at < sizeBytes; at += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[at] = state;
  }
  return bytes;
}

/** Bytes that compress about as database pages do: short runs of noise that come back. */
export function pages(sizeBytes: number, seed = 1): Buffer {
  const words = Array.from({ length: 50 }, (_, index) => noise(20 + index, seed + index));
  const order = noise(sizeBytes / 20 + 64, seed);
  const parts: Buffer[] = [];
  for (let length = 0, at = 0; length < sizeBytes; at += 1) {
    const part = words[(order[at] ?? 0) % words.length] ?? Buffer.alloc(20);
    parts.push(part);
    length += part.length;
  }
  return Buffer.concat(parts).subarray(0, sizeBytes);
}
