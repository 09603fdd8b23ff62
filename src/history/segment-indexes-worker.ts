/**
 * The worker thread that makes indexes of segments, one after another, as it is told.
 *
 * @module
 */

import { parentPort } from 'node:worker_threads';

import { failureToMessage } from '../base/failure-message.ts';
import { makeIndexObject } from './segment-indexes-make.ts';
import type { IndexAnswer, IndexOrder } from './segment-indexes-messages.ts';

function answer({ bytes, ...segment }: IndexOrder): IndexAnswer {
  try {
    const ofSegment = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { object, stopKind } = makeIndexObject({ ...segment, bytes: ofSegment });
    return { kind: 'made', object, stopKind };
  } catch (error) {
    return { kind: 'failed', failure: failureToMessage(error) };
  }
}

parentPort?.on('message', (order: IndexOrder) => parentPort?.postMessage(answer(order)));
