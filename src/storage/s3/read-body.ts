/**
 * Reading an object's body to its end, whatever happens to connections meanwhile.
 *
 * A body that breaks, stalls or ends early is taken up again where it stopped, held to the same version by its ETag.
 * What was read is counted against what was announced, and summed against the checksum that the store keeps.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';

import { Failure } from '../../base/failure.ts';
import { backoffMs } from '../backoff.ts';
import { tooSlow } from '../deadlines.ts';
import type { S3Connection } from './connection.ts';
import { badAnswer, requestObject, type S3Answer } from './get-object.ts';
import { addressOf, type S3Action } from './s3-failure.ts';

/** The progress that keeps a read alive: this much in each `callMs` of waiting for the store. */
const PROGRESS_BYTES = 1024 * 1024;

/** What the pieces of one read have in common. */
export class BodyReader {
  readonly #connection: S3Connection;
  readonly #action: S3Action;
  readonly #signal: AbortSignal | undefined;
  readonly #first: S3Answer;
  #nextByte: number;
  #sum = 0;
  #waitedMs = 0;
  #progressAtByte: number;
  #breaks = 0;

  constructor(connection: S3Connection, action: S3Action, first: S3Answer, signal: AbortSignal | undefined) {
    this.#connection = connection;
    this.#action = action;
    this.#first = first;
    this.#signal = signal;
    this.#nextByte = first.startByte;
    this.#progressAtByte = first.startByte;
  }

  /** The pieces, once. */
  async *pieces(): AsyncGenerator<Buffer> {
    let answer = this.#first;
    for (;;) {
      const broken = yield* this.#drain(answer.body);
      const missingBytes = this.#missingBytes(broken !== undefined);
      if (missingBytes === 0) break;
      answer = await this.#waiting(this.#resume(missingBytes, broken));
    }
    this.#checkSum();
  }

  /** How many bytes are still to come. An answer that announced no length is whole when it ends well. */
  #missingBytes(isBroken: boolean): number {
    const { startByte, lengthBytes } = this.#first;
    if (lengthBytes === undefined) return isBroken ? Number.MAX_SAFE_INTEGER : 0;
    return startByte + lengthBytes - this.#nextByte;
  }

  /** Yields what a body holds. Answers with what broke it, or `undefined` if it came to its end. */
  async *#drain(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer, unknown> {
    const iterator = body[Symbol.asyncIterator]();
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
    const { callMs } = this.#connection.deadlines;
    if (this.#waitedMs <= callMs) return;
    const what = `${this.#action.verb} ${addressOf(this.#action)} from byte ${this.#nextByte} on, by 1 MiB`;
    throw tooSlow(what, callMs, cause);
  }

  #take(piece: Buffer): void {
    if (piece.byteLength > this.#missingBytes(true)) throw badAnswer(this.#action, 'it is longer than announced');
    this.#nextByte += piece.byteLength;
    this.#sum = crc32(piece, this.#sum);
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

  async #resume(lengthBytes: number, broken: unknown): Promise<S3Answer> {
    this.#checkTime(broken);
    this.#breaks += 1;
    await sleep(backoffMs(this.#breaks, Math.random()));
    const range = { startByte: this.#nextByte, lengthBytes };
    const answer = await requestObject(this.#connection, this.#action, { range, etag: this.#first.etag }, this.#signal);
    if (answer === 'pastEnd' || answer === 'absent') throw this.#gone(answer);
    if (answer.etag !== this.#first.etag) throw badAnswer(this.#action, 'it is of another version than was asked for');
    return answer;
  }

  #gone(how: 'pastEnd' | 'absent'): Failure {
    const what = how === 'absent' ? 'was deleted' : 'became shorter';
    return new Failure('conflict', {
      message: `cannot ${this.#action.verb} ${addressOf(this.#action)}: it ${what} while it was read`,
      remedy: 'Find out who else writes to this archive, then try again.',
    });
  }

  #checkSum(): void {
    const expected = this.#first.crc32;
    if (expected === undefined || expected.includes('-')) return;
    const actual = Buffer.alloc(4);
    actual.writeUInt32BE(this.#sum);
    if (actual.toString('base64') === expected) return;
    throw new Failure('corrupt', {
      message: `cannot ${this.#action.verb} ${addressOf(this.#action)}: its bytes do not have the checksum that the store keeps (CRC-32 ${expected})`,
      remedy: 'Read it once more; if this stays, the object or the way to the store is damaged.',
    });
  }
}
