/**
 * The thread that compresses with LZ4, one object after another, as it is told.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';

import { lz4CompressSync } from './lz4-frame.ts';
import type { Lz4Order, Lz4ThreadData } from './lz4-thread-messages.ts';

const { memory }: Lz4ThreadData = workerData;

parentPort?.on('message', ({ lengthBytes }: Lz4Order) => {
  const frame = lz4CompressSync(Buffer.from(memory, 0, lengthBytes));
  // Small ones share their memory with others.
  const isWhole = frame.buffer.byteLength === frame.byteLength && frame.buffer instanceof ArrayBuffer;
  parentPort?.postMessage(frame, isWhole ? [frame.buffer] : []);
});
