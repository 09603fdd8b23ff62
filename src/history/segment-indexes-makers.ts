/**
 * Makes index objects of segments: the first few on this thread, which is sooner than another has started, the rest on
 * others.
 *
 * @module
 */

import { Worker } from 'node:worker_threads';

import { failureFromMessage } from '../base/failure-message.ts';
import { Failure } from '../base/failure.ts';
import { makeIndexObject, type MadeIndex, type SegmentToIndex } from './segment-indexes-make.ts';
import type { IndexAnswer, IndexOrder, IndexWorkerData } from './segment-indexes-messages.ts';

const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? './segment-indexes-worker.ts' : './segment-indexes-worker.js',
  import.meta.url,
);
/** So many segments are done before a worker is. */
const MADE_HERE = 2;

/** How many threads there are, and how they behave. */
export interface IndexMakersOptions {
  /** At most so many; 0: this one does all. */
  readonly workerCount: number;
  /** They stand back for everything else: for work beside a server, which nobody waits for. */
  readonly isInBackground?: boolean;
}

/** Makes indexes of segments, several at a time. */
export class IndexMakers {
  readonly #workerCount: number;
  readonly #isInBackground: boolean;
  readonly #workers = new Set<Worker>();
  readonly #idle: Worker[] = [];
  readonly #waiting: ((worker: Worker) => void)[] = [];
  readonly #ended = new AbortController();
  #made = 0;

  constructor({ workerCount, isInBackground = false }: IndexMakersOptions) {
    this.#workerCount = workerCount;
    this.#isInBackground = isInBackground;
  }

  /**
   * Makes one. The segment's memory may be handed over: it is not to be used afterwards.
   *
   * @throws {Failure} what the making of an index throws.
   */
  async make(segment: SegmentToIndex): Promise<MadeIndex> {
    this.#ended.signal.throwIfAborted();
    this.#made += 1;
    const isMadeHere = this.#made <= MADE_HERE && !this.#isInBackground;
    if (this.#workerCount === 0 || isMadeHere) return makeIndexObject(segment);
    const worker = await this.#take();
    try {
      this.#ended.signal.throwIfAborted();
      return await askWorker(worker, segment, this.#ended.signal);
    } finally {
      this.#giveBack(worker);
    }
  }

  /** Ends the threads. What they are at fails. */
  async end(): Promise<void> {
    this.#ended.abort();
    await Promise.all([...this.#workers].map(async (worker) => worker.terminate()));
    this.#workers.clear();
  }

  async #take(): Promise<Worker> {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#workers.size < this.#workerCount) {
      return this.#start();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #start(): Worker {
    const workerData: IndexWorkerData = { isInBackground: this.#isInBackground };
    const worker = new Worker(WORKER, { workerData, execArgv: [] });
    // An error is told to whoever waits for an answer.
    worker.on('error', () => this.#workers.delete(worker));
    this.#workers.add(worker);
    return worker;
  }

  #giveBack(worker: Worker): void {
    const next = this.#waiting.shift();
    const isAlive = this.#workers.has(worker);
    if (next !== undefined) next(isAlive ? worker : this.#start());
    else if (isAlive) this.#idle.push(worker);
  }
}

async function askWorker(worker: Worker, segment: SegmentToIndex, ended: AbortSignal): Promise<MadeIndex> {
  const { promise, resolve, reject } = Promise.withResolvers<MadeIndex>();
  const onMessage = (answer: IndexAnswer): void => {
    if (answer.kind === 'failed') {
      reject(failureFromMessage(answer.failure, (message) => threadFailure(segment.storedAs, message)));
    } else {
      const { buffer, byteOffset, byteLength } = answer.object;
      resolve({ object: Buffer.from(buffer, byteOffset, byteLength), stopKind: answer.stopKind });
    }
  };
  const onEnd = (): void => reject(threadFailure(segment.storedAs, 'the thread that read it has ended'));
  const onError = (error: Error): void => reject(threadFailure(segment.storedAs, error.message));
  worker.on('message', onMessage).on('error', onError).on('exit', onEnd);
  ended.addEventListener('abort', onEnd, { once: true });
  try {
    worker.postMessage(orderOf(segment), transferable(segment.bytes));
    return await promise;
  } finally {
    worker.off('message', onMessage).off('error', onError).off('exit', onEnd);
    ended.removeEventListener('abort', onEnd);
  }
}

function orderOf(segment: SegmentToIndex): IndexOrder {
  const { fileName, startLsn, bytes, storedAs, validBelow, objectBytes, catalogFiles } = segment;
  return { fileName, startLsn, bytes, storedAs, validBelow, objectBytes, catalogFiles };
}

/** The memory to hand over, if it is the segment's alone; otherwise the bytes are copied. */
function transferable({ buffer, byteLength }: Buffer): ArrayBuffer[] {
  return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength ? [buffer] : [];
}

function threadFailure(storedAs: string, found: string): Failure {
  return new Failure('failed', {
    message: `cannot index ${storedAs}: ${found}`,
    remedy: 'Run it again; if it fails at the same segment, look at that segment.',
  });
}
