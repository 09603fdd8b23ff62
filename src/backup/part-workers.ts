/**
 * The packing workers, seen from the main thread: parts are packed in parallel, and each goes to the store as it comes.
 *
 * @module
 */

import { Worker } from 'node:worker_threads';

import type { Compression } from '../base/compression-names.ts';
import { Failure, messageOf } from '../base/failure.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import { FrameQueue } from './frame-queue.ts';
import { partBody, workerCompression } from './part-body.ts';
import type { PartMessage, PartWorkerData } from './part-messages.ts';
import type { PackedPart } from './part-packer.ts';
import type { PlannedPart } from './part-plan.ts';

/** What packing parts needs. */
export interface PackPartsOptions extends Omit<PartWorkerData, 'framesAhead' | 'compression'> {
  readonly compression: Compression;
  readonly store: ObjectStore;
  readonly workerCount: number;
  /** The key a part is stored under. */
  readonly keyOf: (part: PlannedPart) => string;
  /** Called when a part is in the store. */
  readonly onPart: (part: PlannedPart, packed: PackedPart) => Promise<void>;
  /** Called with the bytes of tar that were packed, or of files that were only looked through. */
  readonly onBytes: (bytes: number) => void;
  readonly signal: AbortSignal;
}

const WORKER = new URL(import.meta.url.endsWith('.ts') ? './part-worker.ts' : './part-worker.js', import.meta.url);

/**
 * Packs and stores all parts, in the order given.
 *
 * @throws what went wrong first, or the signal's reason; the other workers are stopped then.
 */
export async function packParts(parts: readonly PlannedPart[], options: PackPartsOptions): Promise<void> {
  const queue = [...parts];
  const stopOthers = new AbortController();
  const signal = AbortSignal.any([options.signal, stopOthers.signal]);
  const count = Math.min(options.workerCount, parts.length);
  const results = await Promise.allSettled(
    Array.from({ length: count }, async () => {
      try {
        await runWorker(queue, { ...options, signal });
      } catch (error) {
        stopOthers.abort(error);
        throw error;
      }
    }),
  );
  options.signal.throwIfAborted();
  if (stopOthers.signal.aborted) throw stopOthers.signal.reason;
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

async function runWorker(queue: PlannedPart[], options: PackPartsOptions): Promise<void> {
  const { compression, level, verification, diskBytesPerS, workerCount, signal } = options;
  const framesAhead = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const workerData: PartWorkerData = {
    compression: workerCompression(compression),
    level,
    verification,
    diskBytesPerS: diskBytesPerS === undefined ? undefined : diskBytesPerS / workerCount,
    framesAhead,
  };
  const worker = new Worker(WORKER, { workerData, execArgv: [] });
  const stop = (): void => void worker.terminate();
  signal.addEventListener('abort', stop, { once: true });
  try {
    for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
      signal.throwIfAborted();
      const packed = await packOne(worker, new Int32Array(framesAhead), part, options);
      await options.onPart(part, packed);
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await worker.terminate();
  }
}

async function packOne(
  worker: Worker,
  framesAhead: Int32Array,
  part: PlannedPart,
  options: PackPartsOptions,
): Promise<PackedPart> {
  const frames = new FrameQueue(() => {
    Atomics.sub(framesAhead, 0, 1);
    Atomics.notify(framesAhead, 0);
  });
  const packing = listen(worker, frames, options);
  packing.catch((error: unknown) => frames.fail(error));
  worker.postMessage(part);
  const body = partBody(options.compression, frames);
  await options.store.put(options.keyOf(part), body.pieces, { signal: options.signal });
  const packed = await packing;
  return { ...packed, storedBytes: body.storedBytes() ?? packed.storedBytes };
}

/** Resolves when the worker has packed the part it was given; its frames go to `frames`. */
function listen(worker: Worker, frames: FrameQueue, options: PackPartsOptions): Promise<PackedPart> {
  const { promise, resolve, reject } = Promise.withResolvers<PackedPart>();
  const onMessage = (message: PartMessage): void => {
    switch (message.kind) {
      case 'frame':
        options.onBytes(message.tarBytes);
        frames.push(message.bytes);
        break;
      case 'scanned':
        options.onBytes(message.bytes);
        break;
      case 'packed':
        frames.end();
        resolve(message.part);
        break;
      case 'failed':
        reject(packFailure(message.error));
        break;
    }
  };
  const onError = (error: unknown): void => reject(packFailure(error));
  const onExit = (): void => reject(options.signal.reason ?? packFailure('the worker thread ended'));
  worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  const leave = (): void => void worker.off('message', onMessage).off('error', onError).off('exit', onExit);
  promise.then(leave, leave);
  return promise;
}

function packFailure(error: unknown): Failure {
  return new Failure('failed', {
    message: `cannot read the data directory: ${messageOf(error)}`,
    remedy: 'Look at that file and its disk, then take the backup again.',
    cause: error,
  });
}
