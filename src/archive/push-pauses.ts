/**
 * Which ready file is to be pushed next, after pushes that failed.
 *
 * A file that failed is left alone for a moment. So is a store that refused or did not answer: reading and compressing all
 * that waits, again and again, is work that no answer comes of. Then one file is tried at a time, after pauses that grow,
 * until one succeeds. Only a file that the server asks for right now is tried as soon as its own pause is over.
 *
 * @module
 */

import { isFailure } from '../base/failure.ts';

const FIRST_PAUSE_MS = 1000;
/** Less than a server's archiver waits for an answer. */
const MAX_FILE_PAUSE_MS = 5000;
/** Half of what a container that stops waits for its last WAL. */
const MAX_STORE_PAUSE_MS = 30_000;

interface Trouble {
  readonly attempts: number;
  readonly failedMs: number;
  readonly notBeforeMs: number;
}

/** What is under way when the next file is looked for. */
export interface UnderWay {
  readonly runningCount: number;
  /** Files that an `archive_command` waits for. */
  readonly awaited: ReadonlySet<string>;
  readonly nowMs: number;
}

function grown(before: Trouble | undefined, nowMs: number, maxPauseMs: number): Trouble {
  const attempts = (before?.attempts ?? 0) + 1;
  const pauseMs = Math.min(FIRST_PAUSE_MS * 2 ** (attempts - 1), maxPauseMs);
  return { attempts, failedMs: nowMs, notBeforeMs: nowMs + pauseMs };
}

/** The pauses of one life of a data directory. */
export class PushPauses {
  readonly #files = new Map<string, Trouble>();
  #store: Trouble | undefined;

  /** Files whose last push failed. */
  get failedFiles(): readonly string[] {
    return [...this.#files.keys()];
  }

  /** When the last push of a file failed; `undefined` if it did not. */
  failedMs(fileName: string): number | undefined {
    return this.#files.get(fileName)?.failedMs;
  }

  /** True if nothing is left alone: neither a file nor the store. */
  get areNone(): boolean {
    return this.#files.size === 0 && this.#store === undefined;
  }

  /** Of a push that failed. */
  noteFailure(fileName: string, error: unknown, nowMs: number): void {
    this.#files.set(fileName, grown(this.#files.get(fileName), nowMs, MAX_FILE_PAUSE_MS));
    if (!isFailure(error, 'denied') && !isFailure(error, 'unavailable')) return;
    // What was under way when the store failed says the same once more.
    if (nowMs >= (this.#store?.notBeforeMs ?? 0)) this.#store = grown(this.#store, nowMs, MAX_STORE_PAUSE_MS);
  }

  /** Of a push that succeeded: the store is well. */
  noteSuccess(fileName: string): void {
    this.#files.delete(fileName);
    this.#store = undefined;
  }

  /** Of a file that is not ready any more. */
  forget(fileName: string): void {
    this.#files.delete(fileName);
  }

  /** True if a file's own pause is over. */
  isDue(fileName: string, nowMs: number): boolean {
    return (this.#files.get(fileName)?.notBeforeMs ?? 0) <= nowMs;
  }

  /** The place in `queue`, which is in order of need, of the file to push now; -1 if none is. */
  next(queue: readonly string[], { runningCount, awaited, nowMs }: UnderWay): number {
    if (this.#store === undefined) return queue.findIndex((fileName) => this.isDue(fileName, nowMs));
    const asked = queue.findIndex((fileName) => awaited.has(fileName) && this.isDue(fileName, nowMs));
    if (asked >= 0 || runningCount > 0 || nowMs < this.#store.notBeforeMs) return asked;
    return this.#leastTried(queue, nowMs);
  }

  /** One object that a store does not give must not stand for all of it. */
  #leastTried(queue: readonly string[], nowMs: number): number {
    let least = -1;
    let leastAttempts = Infinity;
    for (const [at, fileName] of queue.entries()) {
      const attempts = this.#files.get(fileName)?.attempts ?? 0;
      if (attempts >= leastAttempts || !this.isDue(fileName, nowMs)) continue;
      [least, leastAttempts] = [at, attempts];
      if (attempts === 0) break;
    }
    return least;
  }

  /** When the first of `queue` is to be pushed by itself; 0 if nothing holds it back. */
  notBeforeMs(queue: readonly string[]): number {
    let firstMs = Infinity;
    for (const fileName of queue) {
      firstMs = Math.min(firstMs, this.#files.get(fileName)?.notBeforeMs ?? 0);
      if (firstMs === 0) break;
    }
    return Math.max(firstMs, this.#store?.notBeforeMs ?? 0);
  }
}
