/**
 * LZ4 on a thread of its own, for a program that has other things to do meanwhile: `lz4-napi` has no way to compress beside
 * the thread that asks without leaking (`lz4-frame.ts`).
 *
 * The thread starts with the first object and ends when it is told; what it compresses is copied into memory that both see,
 * which is used again for the next.
 *
 * @module
 */

import { Worker } from 'node:worker_threads';

import { Failure } from '../base/failure.ts';
import { Turns } from '../base/turns.ts';
import type { Lz4Order, Lz4ThreadData } from './lz4-thread-messages.ts';

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './lz4-thread-worker.ts' : './lz4-thread-worker.js',
  import.meta.url,
);

interface Running {
  readonly worker: Worker;
  readonly memory: SharedArrayBuffer;
}

/** Compresses whole objects, one after another, in the order they came. */
export class Lz4Thread {
  readonly #turns = new Turns(1);
  #running: Running | undefined;

  /** As `lz4Compress` does. The data may be changed once it has come back. @throws {Failure} `failed` if the thread ends before. */
  async compress(data: Uint8Array): Promise<Buffer> {
    await this.#turns.take();
    try {
      const { worker, memory } = await this.#runningFor(data.byteLength);
      new Uint8Array(memory).set(data);
      return await askThread(worker, { lengthBytes: data.byteLength });
    } finally {
      this.#turns.giveBack();
    }
  }

  /** Ends the thread, if there is one. What it is at fails; the next object starts another. */
  async end(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.worker.terminate();
  }

  async #runningFor(sizeBytes: number): Promise<Running> {
    if (this.#running !== undefined && this.#running.memory.byteLength >= sizeBytes) return this.#running;
    await this.end();
    const memory = new SharedArrayBuffer(sizeBytes);
    const workerData: Lz4ThreadData = { memory };
    const running = { worker: new Worker(WORKER, { workerData, execArgv: [] }), memory };
    const forget = (): void => {
      if (this.#running === running) this.#running = undefined;
    };
    // An error is told to whoever waits for an answer.
    running.worker.on('error', forget).on('exit', forget);
    running.worker.unref();
    this.#running = running;
    return running;
  }
}

async function askThread(worker: Worker, order: Lz4Order): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const onMessage = ({ buffer, byteOffset, byteLength }: Uint8Array<ArrayBuffer>): void =>
    resolve(Buffer.from(buffer, byteOffset, byteLength));
  const onError = (error: Error): void => reject(threadFailure(error.message));
  const onExit = (): void => reject(threadFailure('its thread has ended'));
  worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  worker.ref();
  try {
    worker.postMessage(order);
    return await promise;
  } finally {
    worker.unref();
    worker.off('message', onMessage).off('error', onError).off('exit', onExit);
  }
}

function threadFailure(found: string): Failure {
  return new Failure('failed', {
    message: `cannot compress with lz4: ${found}`,
    remedy: 'It is tried again. If this stays, look whether the machine has memory left.',
  });
}
