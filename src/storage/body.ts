/**
 * The bytes of an object that is to be written.
 *
 * @module
 */

import { Readable } from 'node:stream';

import type { ObjectBody } from './object-store.ts';
import type { PartRoom } from './part-room.ts';

/** The pieces of a body, whichever shape it has. */
export async function* piecesOf(body: ObjectBody): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/** Lets a body go that will not be read, so that whatever it reads from is closed. */
export async function abandon(body: ObjectBody): Promise<void> {
  if (body instanceof Uint8Array) return;
  // A stream's iterator closes the stream only if it was begun.
  if (body instanceof Readable) body.destroy();
  else await body[Symbol.asyncIterator]().return?.();
}

/**
 * A body cut into parts of the size that `room` is for, the last one as long as is left. At least one part, which may be
 * empty. Holds one part at a time, in memory of that room. A body that is in memory is not copied.
 */
export async function* partsOf(body: ObjectBody, room: PartRoom): AsyncGenerator<Uint8Array> {
  const { partSizeBytes } = room;
  if (body instanceof Uint8Array) {
    for (let at = 0; at === 0 || at < body.byteLength; at += partSizeBytes) yield body.subarray(at, at + partSizeBytes);
    return;
  }
  let part: Uint8Array = new Uint8Array();
  let filled = 0;
  // Most bodies are shorter than a part; the second part of one that is not is probably whole.
  let expectedBytes = 0;
  for await (const piece of body) {
    for (let at = 0; at < piece.byteLength;) {
      // A full part waits for the next byte: a body that ends here has no empty part after it.
      if (filled === partSizeBytes) {
        yield part;
        part = new Uint8Array();
        filled = 0;
        expectedBytes = partSizeBytes;
      }
      const taken = piece.subarray(at, at + partSizeBytes - filled);
      if (filled + taken.byteLength > part.byteLength) {
        const larger = room.memory(Math.max(filled + taken.byteLength, 2 * part.byteLength, expectedBytes));
        larger.set(part.subarray(0, filled));
        part = larger;
      }
      part.set(taken, filled);
      filled += taken.byteLength;
      at += taken.byteLength;
    }
  }
  yield part.subarray(0, filled);
}
