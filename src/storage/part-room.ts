/**
 * The room that a store has for parts of large bodies: memory, and turns at being sent.
 *
 * All uploads of a store share it, so that what is held grows little with their number: beside the parts on their way each
 * upload gathers one. The memory of parts that were sent is filled again. Left to the garbage collector it would pile up:
 * parts come faster than it runs.
 *
 * @module
 */

import { Turns } from '../base/turns.ts';

/** How many parts a store has on their way, whichever objects they are of. */
export const PARTS_ON_THEIR_WAY = 8;
/** Nothing is allocated in smaller steps. */
const SMALLEST_BYTES = 256 * 1024;

/** The room of one store. */
export class PartRoom {
  /** The size of all parts of an object but the last. */
  readonly partSizeBytes: number;
  readonly #turns: Turns;
  #uploads = 0;
  /** Memory for a part, which nobody uses. */
  readonly #free: Uint8Array[] = [];
  /** Of the memory that came from here. Parts of a body that is in memory are the caller's. */
  readonly #ours = new WeakSet<ArrayBufferLike>();

  constructor(partSizeBytes: number, partsOnTheirWay: number = PARTS_ON_THEIR_WAY) {
    this.partSizeBytes = partSizeBytes;
    this.#turns = new Turns(partsOnTheirWay);
  }

  /** Memory for a part of which `neededBytes` are known: as much or more, up to that of a whole part. */
  memory(neededBytes: number): Uint8Array {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const memory = Buffer.allocUnsafeSlow(Math.min(this.partSizeBytes, Math.max(neededBytes, SMALLEST_BYTES)));
    this.#ours.add(memory.buffer);
    return memory;
  }

  /** Waits until a part may be sent, first come, first served. What follows is {@link sent}. @throws the signal's reason. */
  turn(signal: AbortSignal | undefined): Promise<void> {
    return this.#turns.take(signal);
  }

  /** Sends a part that has its turn, and gives the turn back; and its memory, which whoever sends it is done with then. */
  async sent<T>(part: Uint8Array, send: () => Promise<T>): Promise<T> {
    try {
      const answer = await send();
      // After a failure a connection may still hold it.
      this.giveBack(part);
      return answer;
    } finally {
      this.#turns.giveBack();
    }
  }

  /** Takes the memory of a part back that is used no more. */
  giveBack({ buffer }: Uint8Array): void {
    if (!this.#ours.has(buffer) || buffer.byteLength < this.partSizeBytes) return;
    this.#free.push(new Uint8Array(buffer));
  }

  /** Runs an upload. Memory is kept for the next part as long as there is one. */
  async during<T>(upload: () => Promise<T>): Promise<T> {
    this.#uploads += 1;
    try {
      return await upload();
    } finally {
      this.#uploads -= 1;
      // Left to the collector: a connection that was answered early may still read from it.
      if (this.#uploads === 0) this.#free.length = 0;
    }
  }
}
