/**
 * The worker thread that packs parts, one after another, as it is told.
 *
 * @module
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

import { RateLimiter } from '../base/rate-limiter.ts';
import { createFrameEncoder } from './frame-encoder.ts';
import { MAX_FRAMES_AHEAD, type PartMessage, type PartOrder, type PartWorkerData } from './part-messages.ts';
import { PartPacker } from './part-packer.ts';

const { compression, level, verification, diskBytesPerS, framesAhead }: PartWorkerData = workerData;
const counter = new Int32Array(framesAhead);

const diskLimit = diskBytesPerS === undefined ? undefined : new RateLimiter(diskBytesPerS);
/** Nobody wakes who sleeps on this. */
const neverWoken = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Sleeps until bytes that were read are within the limit: what is read next waits. */
function restAfter(readBytes: number): void {
  const waitMs = diskLimit?.reserveMs(readBytes) ?? 0;
  if (waitMs > 0) Atomics.wait(neverWoken, 0, 0, waitMs);
}

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
  restAfter(tarBytes);
  waitForRoom();
  Atomics.add(counter, 0, 1);
  const { buffer } = frame;
  const bytes =
    buffer instanceof ArrayBuffer && frame.byteOffset === 0
      ? new Uint8Array(buffer, 0, frame.length)
      : Uint8Array.from(frame);
  say({ kind: 'frame', bytes, tarBytes }, [bytes.buffer]);
}

const packer = new PartPacker(verification, {
  onFrame: handOver,
  onScanned: (bytes) => {
    restAfter(bytes);
    say({ kind: 'scanned', bytes });
  },
});

/** A turn of the event loop costs microseconds; so few are taken that nobody notices. */
const STEPS_PER_TURN = 4;

async function pack(order: PartOrder): Promise<void> {
  const packing = packer.pack(order.entries, createFrameEncoder(compression, level));
  for (let steps = 1; ; steps++) {
    const step = packing.next();
    if (step.done === true) return say({ kind: 'packed', part: step.value });
    if (steps % STEPS_PER_TURN === 0) await nextTurn();
  }
}

parentPort?.on('message', (order: PartOrder) => {
  pack(order).catch((error: unknown) => say({ kind: 'failed', error }));
});
