/**
 * The contract of a provider of buckets: one kind of store, with the accounts that may use it.
 *
 * - {@link BucketProvider.survey} only looks. What it may not look at is `hidden`, not absent.
 * - {@link BucketProvider.run} makes one change, and may be repeated: what is so already stays.
 * - Nothing deletes a bucket, an object or an account.
 *
 * @module
 */

import type { StoreLocation } from '../storage/open.ts';
import type { BucketChange, PlannedChange, Role } from './bucket-change.ts';

/** What a program needs to be somebody, by the name of the variable or file: `AWS_ACCESS_KEY_ID`, `credentials.json`. */
export type Credentials = Readonly<Record<string, string>>;

/** The credentials that are there already. */
export type HeldCredentials = Readonly<Partial<Record<Role, Credentials>>>;

/** What is wished for a bucket. */
export interface BucketWishes {
  /** The accounts, by their names. */
  readonly names: Readonly<Record<Role, string>>;
  /** How long versions stay that were replaced or deleted. */
  readonly versionDays: number;
  /** How long uploads stay that were not finished. */
  readonly uploadDays: number;
  /** New keys, beside the former ones where the server can have two. */
  readonly isRotating: boolean;
  /** Ends the keys that the Secret does not hold. */
  readonly isEndingFormer: boolean;
}

/** What was found. */
export interface Survey {
  /** In the order in which they are made. */
  readonly changes: readonly PlannedChange[];
  /** What the operator should know. */
  readonly notes: readonly string[];
}

/** One kind of store. */
export interface BucketProvider extends AsyncDisposable {
  /** The names under which credentials are kept. */
  readonly credentialNames: readonly string[];
  /** What to do about `held` and the bucket. @throws {Failure} `refused`, `conflict` for what must not be adopted. */
  survey(held: HeldCredentials): Promise<Survey>;
  /** The lines that make all of it by hand, but for the Secret: for who may not even look. */
  byHand(): readonly string[];
  /**
   * Makes one change.
   *
   * @returns for `makeKey` the new credentials; `unsupported` if the server turns out to have no such thing.
   * @throws {Failure} `denied` for want of a permission.
   */
  run(change: BucketChange): Promise<Credentials | 'unsupported' | undefined>;
  /** The archive as those credentials reach it. */
  locate(credentials: Credentials): StoreLocation;
}
