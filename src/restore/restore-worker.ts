/**
 * The worker thread that unpacks tar objects, one after another, as their bytes are given to it.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';

import { failureToMessage } from '../base/failure-message.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import type { RestoreMessage, RestoreOrder, RestoreWorkerData } from './restore-messages.ts';
import { ObjectUnpacker } from './unpack-object.ts';

const given: RestoreWorkerData = workerData;
const unpacker = new ObjectUnpacker(given, {
  onContent: (bytes) => say({ kind: 'passed', bytes }),
  onEntry: () => say({ kind: 'entry' }),
});

function say(message: RestoreMessage): void {
  parentPort?.postMessage(message);
}

/** The bytes of the object at hand, as they are handed over. */
class ArrivingBytes implements AsyncIterable<Uint8Array> {
  readonly #pieces: Uint8Array[] = [];
  #hasEnded = false;
  #wake: () => void = () => {};

  push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#wake();
  }

  end(): void {
    this.#hasEnded = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) {
        const { length } = piece;
        yield piece;
        releaseBuffer(piece);
        say({ kind: 'taken', bytes: length });
      } else if (this.#hasEnded) {
        return;
      } else {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
  }
}

let arriving = new ArrivingBytes();

parentPort?.on('message', (order: RestoreOrder) => {
  switch (order.kind) {
    case 'object':
      arriving = new ArrivingBytes();
      unpacker.unpack(order, arriving).then(
        (object) => say({ kind: 'unpacked', object }),
        (error: unknown) => say({ kind: 'failed', failure: failureToMessage(error) }),
      );
      break;
    case 'bytes':
      arriving.push(order.bytes);
      break;
    case 'end':
      arriving.end();
      break;
  }
});
