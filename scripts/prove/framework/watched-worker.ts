/**
 * A worker thread that tries inputs and tells how far it is: one that is silent for too long hangs, and is ended.
 *
 * @module
 */

import { Worker } from 'node:worker_threads';

/** What to run, and how long it may be silent. */
export interface WatchedWorker<Notice> {
  readonly file: URL;
  readonly workerData: unknown;
  /** Before its first notice: it may take long to start. */
  readonly startMs: number;
  /** Between two notices. */
  readonly silenceMs: number;
  readonly onNotice: (notice: Notice) => void;
  readonly onHang: () => void;
}

/** Runs it to its end, or to the end of its worker. Rejects with what the worker did not catch. */
export async function runWatchedWorker<Notice>(given: WatchedWorker<Notice>): Promise<void> {
  const worker = new Worker(given.file, { workerData: given.workerData });
  let heardMs = Date.now();
  let isReady = false;
  const watch = setInterval(() => {
    if (Date.now() - heardMs < (isReady ? given.silenceMs : given.startMs)) return;
    given.onHang();
    void worker.terminate();
  }, 1000);
  await new Promise<void>((resolve, reject) => {
    worker.on('message', (notice: Notice) => {
      heardMs = Date.now();
      isReady = true;
      given.onNotice(notice);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      resolve();
    });
  }).finally(() => {
    clearInterval(watch);
  });
}
