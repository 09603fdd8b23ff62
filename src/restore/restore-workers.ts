/**
 * The unpacking workers, seen from the main thread: it reads objects from the store and hands their bytes on, so that
 * workers need no connections of their own.
 *
 * @module
 */

import { Worker } from 'node:worker_threads';

import { collectPassedBuffers } from '../base/collect-garbage.ts';
import { failureFromMessage } from '../base/failure-message.ts';
import { Failure } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { LevelMeter } from './content-meter.ts';
import type {
  ObjectOrder,
  RestoreMessage,
  RestoreOrder,
  RestoreWorkerData,
  UnpackedObject,
} from './restore-messages.ts';

/** How to unpack. */
export interface UnpackOptions extends RestoreWorkerData {
  readonly store: ObjectStore;
  readonly workerCount: number;
  readonly meter: LevelMeter;
  readonly signal: AbortSignal;
}

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './restore-worker.ts' : './restore-worker.js',
  import.meta.url,
);
/** Bytes of an object that may wait at a worker. */
const MAX_WAITING_BYTES = 3 * 1024 * 1024;

/** Unpacks all, several at once, in the order given. @throws what went wrong first, or the signal's reason. */
export async function unpackAll(orders: readonly ObjectOrder[], options: UnpackOptions): Promise<UnpackedObject[]> {
  const queue = [...orders];
  const unpacked: UnpackedObject[] = [];
  const stopOthers = new AbortController();
  const signal = AbortSignal.any([options.signal, stopOthers.signal]);
  await Promise.allSettled(
    Array.from({ length: Math.min(options.workerCount, orders.length) }, async () => {
      try {
        await runWorker(queue, unpacked, { ...options, signal });
      } catch (error) {
        stopOthers.abort(error);
      }
    }),
  );
  signal.throwIfAborted();
  return unpacked;
}

async function runWorker(queue: ObjectOrder[], unpacked: UnpackedObject[], options: UnpackOptions): Promise<void> {
  const { destination, tablespaceLocations, leftOut, layout, signal } = options;
  const workerData: RestoreWorkerData = { destination, tablespaceLocations, leftOut, layout };
  const worker = new Worker(WORKER, { workerData, execArgv: [] });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let order = queue.shift(); order !== undefined; order = queue.shift()) {
      signal.throwIfAborted();
      unpacked.push(await unpackOne(worker, order, options));
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

async function unpackOne(worker: Worker, order: ObjectOrder, options: UnpackOptions): Promise<UnpackedObject> {
  const feed = new Feed(worker, order, options);
  try {
    await Promise.all([feed.run(), feed.unpacked]);
    return await feed.unpacked;
  } finally {
    feed.close();
  }
}

/** One object on its way to a worker. */
class Feed {
  readonly unpacked: Promise<UnpackedObject>;
  readonly #worker: Worker;
  readonly #order: ObjectOrder;
  readonly #options: UnpackOptions;
  readonly #settle = Promise.withResolvers<UnpackedObject>();
  #waitingBytes = 0;
  #isSettled = false;
  #wake: () => void = () => {};

  constructor(worker: Worker, order: ObjectOrder, options: UnpackOptions) {
    this.#worker = worker;
    this.#order = order;
    this.#options = options;
    this.unpacked = this.#settle.promise;
    this.unpacked.catch(() => {});
    worker.on('message', this.#onMessage).on('error', this.#onError).on('exit', this.#onExit);
  }

  /** Reads the object and hands it over; stops early if the worker has failed. */
  async run(): Promise<void> {
    const { store, signal } = this.#options;
    const { key, compression, isPart, wanted } = this.#order;
    this.#say({ kind: 'object', key, compression, isPart, wanted });
    const pieces = await store.open(key, { signal });
    if (pieces === undefined) throw vanished(key);
    for await (const piece of pieces) {
      if (this.#isSettled) return;
      const bytes = ownBytes(piece);
      this.#waitingBytes += bytes.length;
      collectPassedBuffers(bytes.length);
      this.#say({ kind: 'bytes', bytes }, [bytes.buffer]);
      while (this.#waitingBytes > MAX_WAITING_BYTES && !this.#isSettled) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
    }
    this.#say({ kind: 'end' });
  }

  close(): void {
    this.#worker.off('message', this.#onMessage).off('error', this.#onError).off('exit', this.#onExit);
  }

  #say(order: RestoreOrder, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(order, transfer);
  }

  #finish(): void {
    this.#isSettled = true;
    this.#wake();
  }

  readonly #onMessage = (message: RestoreMessage): void => {
    switch (message.kind) {
      case 'taken':
        this.#waitingBytes -= message.bytes;
        this.#wake();
        break;
      case 'passed':
        this.#options.meter.onContent(message.bytes);
        break;
      case 'entry':
        this.#options.meter.onEntry();
        break;
      case 'unpacked':
        this.#settle.resolve(message.object);
        this.#finish();
        break;
      case 'failed':
        this.#settle.reject(
          failureFromMessage(message.failure, (text, code) => unpackFailure(this.#order.key, text, code)),
        );
        this.#finish();
        break;
    }
  };

  readonly #onError = (error: Error): void => {
    this.#settle.reject(unpackFailure(this.#order.key, error.message, undefined));
    this.#finish();
  };

  readonly #onExit = (): void => {
    const { signal } = this.#options;
    this.#settle.reject(signal.reason ?? unpackFailure(this.#order.key, 'the worker thread ended', undefined));
    this.#finish();
  };
}

/** The piece in memory of its own, which can be handed over. */
function ownBytes(piece: Buffer): Uint8Array<ArrayBuffer> {
  const { buffer } = piece;
  const isWhole = buffer instanceof ArrayBuffer && piece.byteOffset === 0 && piece.length === buffer.byteLength;
  return isWhole ? new Uint8Array(buffer) : Uint8Array.from(piece);
}

function vanished(key: string): Failure {
  return new Failure('notInArchive', {
    message: `cannot read ${key}: it was listed, and is gone now`,
    remedy: 'Somebody deletes this backup; restore from another one.',
  });
}

function unpackFailure(key: string, found: string, code: string | undefined): Failure {
  return new Failure('failed', {
    message: `cannot restore from ${key}: ${found}`,
    remedy:
      code === 'ENOSPC'
        ? 'Make room at the destination, remove what is there, and run this again.'
        : 'Look at the destination and its disk; remove what is there, and run this again.',
  });
}
