/**
 * The worker thread that makes indexes of segments, one after another, as it is told.
 *
 * @module
 */

import { platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';

import { failureToMessage } from '../base/failure-message.ts';
import { releaseBuffer } from '../base/release-buffer.ts';
import { makeIndexObject } from './segment-indexes-make.ts';
import type { IndexAnswer, IndexOrder, IndexWorkerData } from './segment-indexes-messages.ts';

const { isInBackground }: IndexWorkerData = workerData;
/** Half way to the lowest. */
const BACKGROUND_NICENESS = 10;

// On Linux a priority is a thread's, and 0 names the thread that asks; elsewhere it would be the whole program's.
if (isInBackground && platform() === 'linux') setPriority(0, BACKGROUND_NICENESS);

function answer({ bytes, ...segment }: IndexOrder): IndexAnswer {
  const ofSegment = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    const { object, stopKind } = makeIndexObject({ ...segment, bytes: ofSegment });
    return { kind: 'made', object, stopKind };
  } catch (error) {
    return { kind: 'failed', failure: failureToMessage(error) };
  } finally {
    releaseBuffer(ofSegment);
  }
}

parentPort?.on('message', (order: IndexOrder) => parentPort?.postMessage(answer(order)));
