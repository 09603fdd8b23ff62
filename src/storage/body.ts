/**
 * The bytes of an object that is to be written.
 *
 * @module
 */

import { Readable } from 'node:stream';

import type { ObjectBody } from './object-store.ts';

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
 * A body cut into parts of `partSizeBytes`, the last one as long as is left. At least one part, which may be empty.
 * Holds one part at a time. A body that is in memory is not copied.
 */
export async function* partsOf(body: ObjectBody, partSizeBytes: number): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    for (let at = 0; at === 0 || at < body.byteLength; at += partSizeBytes) yield body.subarray(at, at + partSizeBytes);
    return;
  }
  let held: Uint8Array[] = [];
  let heldBytes = 0;
  for await (const piece of body) {
    for (let at = 0; at < piece.byteLength;) {
      // A full part waits for the next byte: a body that ends here has no empty part after it.
      if (heldBytes === partSizeBytes) {
        yield Buffer.concat(held, heldBytes);
        held = [];
        heldBytes = 0;
      }
      const taken = piece.subarray(at, at + partSizeBytes - heldBytes);
      held.push(taken);
      heldBytes += taken.byteLength;
      at += taken.byteLength;
    }
  }
  yield Buffer.concat(held, heldBytes);
}
