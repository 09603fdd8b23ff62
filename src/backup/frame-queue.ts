/**
 * Frames on their way from a worker to the store: pushed as they come, taken one by one.
 *
 * @module
 */

import { collectPassedBuffers } from '../base/collect-garbage.ts';

/** A queue that one producer fills and one `for await` empties. */
export class FrameQueue implements AsyncIterable<Uint8Array> {
  readonly #frames: Uint8Array[] = [];
  readonly #onTaken: () => void;
  #end: 'open' | 'ended' | { readonly error: unknown } = 'open';
  #wake: () => void = () => {};

  /** @param onTaken called when the store is done with a frame. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  push(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#wake();
  }

  /** No more frames come. */
  end(): void {
    if (this.#end === 'open') this.#end = 'ended';
    this.#wake();
  }

  /** No more frames come, because something failed: whoever reads gets the error. */
  fail(error: unknown): void {
    this.#end = { error };
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      if (typeof this.#end === 'object') throw this.#end.error;
      const frame = this.#frames.shift();
      if (frame !== undefined) {
        const { byteLength: lengthBytes } = frame;
        yield frame;
        this.#onTaken();
        collectPassedBuffers(lengthBytes);
      } else if (this.#end === 'ended') {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}
