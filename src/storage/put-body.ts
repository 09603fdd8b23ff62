/**
 * Writing a body in one request where it fits into one, in parts where it does not.
 *
 * @module
 */

import { partsOf } from './body.ts';
import type { ObjectBody } from './object-store.ts';
import type { PartRoom } from './part-room.ts';

/** The two ways of a store to write an object. */
export interface WaysToPut<T> {
  readonly whole: (bytes: Uint8Array) => Promise<T>;
  /** Of two parts or more. */
  readonly inParts: (parts: AsyncGenerator<Uint8Array>) => Promise<T>;
}

async function* chain(first: readonly Uint8Array[], rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield* first;
  yield* rest;
}

/** Writes it. Whatever comes of it, the body is closed in the end. */
export async function putBody<T>(body: ObjectBody, room: PartRoom, ways: WaysToPut<T>): Promise<T> {
  const parts = partsOf(body, room);
  return room.during(async () => {
    try {
      const first = await parts.next();
      const second = first.done === true ? first : await parts.next();
      const bytes = first.done === true ? new Uint8Array() : first.value;
      if (second.done !== true) return await ways.inParts(chain([bytes, second.value], parts));
      const outcome = await ways.whole(bytes);
      room.giveBack(bytes);
      return outcome;
    } finally {
      await parts.return(undefined);
    }
  });
}
