/**
 * One call to a store: attempts until it succeeds, cannot succeed, or its time is up.
 *
 * @module
 */

import { setTimeout as sleep } from 'node:timers/promises';

import type { S3Client } from '@aws-sdk/client-s3';

import { Failure } from '../../base/failure.ts';
import { backoffMs } from '../backoff.ts';
import { tooSlow, type StoreDeadlines } from '../deadlines.ts';
import { makeClient } from './client.ts';
import { retryAfterMs } from '../network-error.ts';
import { isRetryable, readS3Error } from './s3-error.ts';
import { addressOf, s3Failure, type S3Action } from './s3-failure.ts';
import type { S3Location } from './s3-location.ts';

/** What an attempt is given. */
export interface Attempt {
  readonly client: S3Client;
  /** For the SDK's `abortSignal`: the caller's, and the end of the call's time. */
  readonly signal: AbortSignal;
  /** From 1. After the first, an earlier one may have had its effect without our hearing of it. */
  readonly number: number;
}

type Try<T> = (attempt: Attempt) => Promise<T>;

/** The clients of one location. A second one is made when the store says that the bucket is in another region. */
export class S3Connection {
  readonly location: S3Location;
  readonly deadlines: StoreDeadlines;
  #client: S3Client;
  /** Clients of other regions; calls that began with them may still be under way. */
  readonly #former: S3Client[] = [];
  #region: string | undefined;

  private constructor(location: S3Location, deadlines: StoreDeadlines, client: S3Client) {
    this.location = location;
    this.deadlines = deadlines;
    this.#client = client;
  }

  static async open(location: S3Location, deadlines: StoreDeadlines): Promise<S3Connection> {
    return new S3Connection(location, deadlines, await makeClient(location, deadlines));
  }

  close(): void {
    for (const client of [...this.#former, this.#client]) client.destroy();
  }

  /** Runs attempts. @throws {Failure} what the last one met; the caller's own reason if the caller gave up. */
  async run<T>(action: S3Action, signal: AbortSignal | undefined, attempt: Try<T>): Promise<T> {
    const { callMs } = this.deadlines;
    const endsAtMs = performance.now() + callMs;
    for (let number = 1; ; number += 1) {
      signal?.throwIfAborted();
      try {
        return await this.#attemptOnce(action, signal, endsAtMs, number, attempt);
      } catch (thrown) {
        signal?.throwIfAborted();
        if (await this.#movesRegion(thrown)) continue;
        const error = readS3Error(thrown);
        if (thrown instanceof Failure || !isRetryable(error)) throw s3Failure(action, thrown);
        const pauseMs = retryAfterMs(error.headers['retry-after'], new Date()) ?? backoffMs(number, Math.random());
        if (performance.now() + pauseMs >= endsAtMs) throw s3Failure(action, thrown, [attemptsMade(number, callMs)]);
        await sleep(pauseMs, undefined, signal === undefined ? {} : { signal }).catch(() => signal?.throwIfAborted());
      }
    }
  }

  async #attemptOnce<T>(
    action: S3Action,
    signal: AbortSignal | undefined,
    endsAtMs: number,
    number: number,
    attempt: Try<T>,
  ): Promise<T> {
    const client = this.#client;
    const cut = new AbortController();
    const timer = setTimeout(() => cut.abort(), Math.max(1, endsAtMs - performance.now()));
    try {
      return await attempt({
        client,
        number,
        signal: signal === undefined ? cut.signal : AbortSignal.any([signal, cut.signal]),
      });
    } catch (error) {
      if (!cut.signal.aborted) throw error;
      throw tooSlow(`${action.verb} ${addressOf(action)}`, this.deadlines.callMs, error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Goes to the region that an answer names, once per region; a region that was configured is kept to. */
  async #movesRegion(thrown: unknown): Promise<boolean> {
    const { region, status } = readS3Error(thrown);
    const isElsewhere = status !== undefined && status >= 300 && status < 500 && status !== 403 && status !== 404;
    const isFixed = this.location.region !== undefined && this.location.endpoint !== undefined;
    if (region === undefined || !isElsewhere || isFixed || region === this.#region) return false;
    this.#region = region;
    this.#former.push(this.#client);
    this.#client = await makeClient(this.location, this.deadlines, region);
    return true;
  }
}

function attemptsMade(number: number, callMs: number): string {
  return `${number} ${number === 1 ? 'attempt' : 'attempts'} in the ${callMs / 1000} s that a call may take`;
}
