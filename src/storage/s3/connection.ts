/**
 * One call to a store of S3: attempts under one deadline, in the region that the bucket is in, with credentials that are
 * renewed and a clock that is corrected when the store says so.
 *
 * @module
 */

import type { S3Client } from '@aws-sdk/client-s3';

import { runAttempts, type Attempt as BareAttempt, type CallRules } from '../attempts.ts';
import type { StoreDeadlines } from '../deadlines.ts';
import { makeClient } from './client.ts';
import { canRenew } from './credentials.ts';
import { retryAfterMs } from '../network-error.ts';
import { isRetryable, readS3Error } from './s3-error.ts';
import { addressOf, s3Failure, type S3Action } from './s3-failure.ts';
import type { S3Location } from './s3-location.ts';

/** What an attempt is given. */
export interface Attempt extends BareAttempt {
  readonly client: S3Client;
}

/** The answers of a store, or of STS, to credentials that are no longer good: they ended, or others took their place. */
const ENDED = new Set([
  'ExpiredToken',
  'ExpiredTokenException',
  'TokenRefreshRequired',
  'InvalidToken',
  'InvalidAccessKeyId',
  'InvalidClientTokenId',
  // A secret may be renewed while its access key stays.
  'SignatureDoesNotMatch',
]);

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
    const rules: CallRules = {
      deadlines: this.deadlines,
      action: `${action.verb} ${addressOf(action)}`,
      isRetryable: (thrown) => isRetryable(readS3Error(thrown)),
      retryAfterMs: (thrown) => retryAfterMs(readS3Error(thrown).headers['retry-after'], new Date()),
      failureOf: (thrown, facts) => s3Failure(action, thrown, facts),
    };
    return runAttempts(rules, signal, async (given) => this.#tryHereOrElsewhere(given, attempt));
  }

  /** One attempt; again, at once, when an answer says how it would have gone well: it has had no effect then. */
  async #tryHereOrElsewhere<T>(given: BareAttempt, attempt: Try<T>): Promise<T> {
    for (let hasWaited = false; ;) {
      const client = this.#client;
      try {
        return await attempt({ ...given, client });
      } catch (thrown) {
        if (await this.#movesRegion(thrown)) continue;
        const mayHelp = !hasWaited && (this.#correctsClock(thrown) || (await this.#renewsCredentials(thrown, client)));
        if (!mayHelp) throw thrown;
        hasWaited = true;
      }
    }
  }

  /** The SDK takes the store's time from such an answer, and signs the next request with it. */
  #correctsClock(thrown: unknown): boolean {
    return readS3Error(thrown).name === 'RequestTimeTooSkewed';
  }

  /** Credentials that ended early, or were taken back: asked for anew, unless they were given and cannot change. */
  async #renewsCredentials(thrown: unknown, refused: S3Client): Promise<boolean> {
    if (!ENDED.has(readS3Error(thrown).name) || !canRenew(this.location)) return false;
    // Another call may have renewed them meanwhile.
    if (this.#client === refused) {
      this.#former.push(refused);
      this.#client = await makeClient(this.location, this.deadlines, this.#region);
    }
    return true;
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
