/**
 * The worker thread that packs parts, one after another, as it is told.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';

import { createFrameEncoder } from './frame-encoder.ts';
import { MAX_FRAMES_AHEAD, type PartMessage, type PartOrder, type PartWorkerData } from './part-messages.ts';
import { PartPacker } from './part-packer.ts';

const { compression, level, verification, framesAhead }: PartWorkerData = workerData;
const counter = new Int32Array(framesAhead);

function say(message: PartMessage, transfer: readonly ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, transfer);
}

function waitForRoom(): void {
  for (;;) {
    const ahead = Atomics.load(counter, 0);
    if (ahead < MAX_FRAMES_AHEAD) return;
    Atomics.wait(counter, 0, ahead);
  }
}

function handOver(frame: Buffer, tarBytes: number): void {
  waitForRoom();
  Atomics.add(counter, 0, 1);
  const { buffer } = frame;
  const bytes =
    buffer instanceof ArrayBuffer && frame.byteOffset === 0
      ? new Uint8Array(buffer, 0, frame.length)
      : Uint8Array.from(frame);
  say({ kind: 'frame', bytes, tarBytes }, [bytes.buffer]);
}

const packer = new PartPacker(verification, handOver);

parentPort?.on('message', (order: PartOrder) => {
  try {
    say({ kind: 'packed', part: packer.pack(order.entries, createFrameEncoder(compression, level)) });
  } catch (error) {
    say({ kind: 'failed', error });
  }
});
