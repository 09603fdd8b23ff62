/**
 * The bytes of an object that is to be written.
 *
 * @module
 */

import type { ObjectBody } from './object-store.ts';

/** The pieces of a body, whichever shape it has. */
export async function* piecesOf(body: ObjectBody): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) yield body;
  else yield* body;
}

/** Lets a body go that will not be read, so that whatever it reads from is closed. */
export async function abandon(body: ObjectBody): Promise<void> {
  if (body instanceof Uint8Array) return;
  await body[Symbol.asyncIterator]().return?.();
}
