/**
 * Reading an object's body to its end, whatever happens to connections meanwhile.
 *
 * A body that breaks, stalls or ends early is taken up again where it stopped; that it is the same version is the
 * backend's to prove. What was read is counted against what was announced.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import { Failure } from '../base/failure.ts';
import { backoffMs } from './backoff.ts';
import { tooSlow, type StoreDeadlines } from './deadlines.ts';
import type { ByteRange } from './object-store.ts';

/** One answer: bytes of one version of an object. */
export interface BodyAnswer {
  readonly body: AsyncIterable<Buffer>;
  /** Where the body begins in the object. */
  readonly startByte: number;
  /** How many bytes were announced; `undefined` if the answer did not say: it is whole when it ends well. */
  readonly lengthBytes: number | undefined;
}

/** How a body is read and taken up again. */
export interface BodySource {
  readonly deadlines: StoreDeadlines;
  /** For messages, after "cannot": `read azure://backups/a`. */
  readonly action: string;
  /** Asks for the rest of the same version; `lastPiece` is the end of what was read. @throws {Failure} if it is gone. */
  readonly resume: (rest: ByteRange, lastPiece: Buffer | undefined) => Promise<BodyAnswer>;
}

/** The progress that keeps a read alive: this much in each `callMs` of waiting for the store. */
const PROGRESS_BYTES = 1024 * 1024;

class BodyReader {
  readonly #source: BodySource;
  readonly #signal: AbortSignal | undefined;
  readonly #endByte: number | undefined;
  #answer: BodyAnswer;
  #nextByte: number;
  #lastPiece: Buffer | undefined;
  #waitedMs = 0;
  #progressAtByte: number;
  #breaks = 0;

  constructor(source: BodySource, first: BodyAnswer, signal: AbortSignal | undefined) {
    this.#source = source;
    this.#signal = signal;
    this.#answer = first;
    this.#nextByte = first.startByte;
    this.#progressAtByte = first.startByte;
    this.#endByte = first.lengthBytes === undefined ? undefined : first.startByte + first.lengthBytes;
  }

  async *pieces(): AsyncGenerator<Buffer> {
    for (;;) {
      const broken = yield* this.#drain();
      const missingBytes = this.#missingBytes(broken !== undefined);
      if (missingBytes === 0) return;
      this.#answer = await this.#resume(missingBytes, broken);
    }
  }

  /** How many bytes are still to come, as far as that is known. */
  #missingBytes(isBroken: boolean): number {
    if (this.#endByte === undefined) return isBroken ? Number.MAX_SAFE_INTEGER : 0;
    return this.#endByte - this.#nextByte;
  }

  /** Yields what the answer holds. Answers with what broke it, or `undefined` if it came to its end. */
  async *#drain(): AsyncGenerator<Buffer, unknown> {
    const iterator = this.#answer.body[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#waiting(iterator.next());
        if (next.done === true) return undefined;
        this.#take(next.value);
        this.#checkTime();
        yield next.value;
      }
    } catch (error) {
      this.#signal?.throwIfAborted();
      if (error instanceof Failure) throw error;
      return error;
    } finally {
      await iterator.return?.();
    }
  }

  #checkTime(cause?: unknown): void {
    const { callMs } = this.#source.deadlines;
    if (this.#waitedMs <= callMs) return;
    throw tooSlow(`${this.#source.action} from byte ${this.#nextByte} on, by 1 MiB`, callMs, cause);
  }

  #take(piece: Buffer): void {
    if (piece.byteLength > this.#missingBytes(true))
      throw new Failure('unavailable', {
        message: `cannot ${this.#source.action}: its body is longer than announced`,
        remedy: 'Look for a proxy or gateway between here and the store, then try again.',
      });
    this.#nextByte += piece.byteLength;
    this.#lastPiece = piece;
    this.#breaks = 0;
    if (this.#nextByte - this.#progressAtByte < PROGRESS_BYTES) return;
    this.#progressAtByte = this.#nextByte;
    this.#waitedMs = 0;
  }

  /** Counts the time spent on waiting for the store, which is limited; that of the reader is not. */
  async #waiting<T>(work: Promise<T>): Promise<T> {
    const beganMs = performance.now();
    try {
      return await work;
    } finally {
      this.#waitedMs += performance.now() - beganMs;
    }
  }

  async #resume(missingBytes: number, broken: unknown): Promise<BodyAnswer> {
    this.#checkTime(broken);
    this.#breaks += 1;
    const rest = { startByte: this.#nextByte, lengthBytes: missingBytes };
    const resumed = async (): Promise<BodyAnswer> => {
      await sleep(backoffMs(this.#breaks, Math.random()));
      this.#signal?.throwIfAborted();
      return this.#source.resume(rest, this.#lastPiece);
    };
    return this.#waiting(resumed());
  }
}

/** The pieces of a body that began with `first`, once, all of them. @throws {Failure} if they cannot be had. */
export function readResumed(
  source: BodySource,
  first: BodyAnswer,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer> {
  return new BodyReader(source, first, signal).pieces();
}
