/**
 * Tries a range of seeds in a thread of its own, so that a hang can be seen from outside.
 *
 * @module
 */

import { parentPort, workerData } from 'node:worker_threads';

import { MutationTrials } from './try-mutation.ts';
import { NOTICE_EVERY, isMutationRange, type MutationNotice } from './notice.ts';

const range: unknown = workerData;
const port = parentPort;
if (port === null || !isMutationRange(range)) throw new TypeError('this is to be started as a worker');
const { seed, count } = range;
const tell = (notice: MutationNotice): void => {
  port.postMessage(notice);
};

const trials = await MutationTrials.prepare();
tell({ kind: 'ready', soundTransactions: trials.soundTransactions });
let broken = 0;
for (let one = seed; one < seed + count; one += 1) {
  try {
    const tried = await trials.tryOne(one);
    if (tried.brokeCrc) broken += 1;
    if (tried.wrong.length > 0)
      tell({ kind: 'wrong', seed: one, what: `${tried.kind}: ${tried.wrong.slice(0, 3).join('; ')}` });
  } catch (error) {
    tell({ kind: 'crash', seed: one, what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  if ((one - seed) % NOTICE_EVERY === NOTICE_EVERY - 1 || one === seed + count - 1) {
    tell({ kind: 'done', next: one + 1, broken });
  }
}
