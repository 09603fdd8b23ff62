/**
 * The bucket itself in Google Cloud Storage, and what is to be done about it.
 *
 * Source: Cloud Storage JSON API, "Buckets".
 *
 * @module
 */

import { Failure, isFailure } from '../../base/failure.ts';
import type { GcsLocation } from '../../storage/gcs/gcs-location.ts';
import { isFields } from '../../storage/gcs/object-resource.ts';
import type { ChangeState, PlannedChange } from '../bucket-change.ts';
import type { Survey } from '../provider.ts';
import { refuseExpiring } from '../refuse-expiring.ts';
import type { Fields, GoogleApi } from './google-api.ts';
import { decideLifecycle, type LifecycleVerdict, type LifecycleWish } from './lifecycle.ts';

/** Where the bucket is, and what it shall be. */
export interface BucketPlan {
  readonly location: GcsLocation;
  /** `https://storage.googleapis.com` */
  readonly endpoint: string;
  readonly project: string;
  /** Where it is made: `northamerica-northeast1`, `EU`. */
  readonly place: string | undefined;
  readonly lifecycle: LifecycleWish;
}

const CLOSED = {
  uniformBucketLevelAccess: { enabled: true },
  publicAccessPrevention: 'enforced',
};

function member(fields: Fields | undefined, ...path: readonly string[]): unknown {
  let value: unknown = fields;
  for (const name of path) value = isFields(value) ? value[name] : undefined;
  return value;
}

function rulesOf(bucket: Fields | undefined): readonly Fields[] {
  const rules = member(bucket, 'lifecycle', 'rule');
  return Array.isArray(rules) ? rules.filter(isFields) : [];
}

/** One bucket. */
export class BucketResource {
  readonly #api: GoogleApi;
  readonly #plan: BucketPlan;
  readonly #name: string;

  constructor(api: GoogleApi, plan: BucketPlan) {
    this.#api = api;
    this.#plan = plan;
    this.#name = plan.location.bucket;
  }

  get #url(): string {
    return `${this.#plan.endpoint}/storage/v1/b/${encodeURIComponent(this.#name)}`;
  }

  get #address(): string {
    return `gs://${this.#name}`;
  }

  /** The bucket's fields; `undefined` if there is none. @throws {Failure} `denied` for one that may be somebody else's. */
  async look(): Promise<Fields | undefined> {
    return this.#api.call({
      verb: `look at the bucket ${this.#address}`,
      permission: 'storage.buckets.get',
      method: 'GET',
      url: this.#url,
      expected: [404],
    });
  }

  async create(): Promise<void> {
    const { endpoint, project, place } = this.#plan;
    const body = { name: this.#name, iamConfiguration: CLOSED, ...(place === undefined ? {} : { location: place }) };
    const made = await this.#api.call({
      verb: `create the bucket ${this.#address}`,
      permission: 'storage.buckets.create',
      method: 'POST',
      url: `${endpoint}/storage/v1/b?${new URLSearchParams({ project }).toString()}`,
      body,
      expected: [409],
    });
    // The answer to an earlier attempt may have been lost.
    if (made !== undefined || (await this.#isMine())) return;
    throw new Failure('conflict', {
      message: `cannot create the bucket ${this.#address}: somebody else has one of this name`,
      remedy: 'Names of buckets are shared by everybody. Choose another address for the archive (--archive).',
    });
  }

  async #isMine(): Promise<boolean> {
    try {
      return (await this.look()) !== undefined;
    } catch (error) {
      if (isFailure(error, 'denied')) return false;
      throw error;
    }
  }

  async closeToPublic(): Promise<void> {
    await this.#patch('close to the public', { iamConfiguration: CLOSED });
  }

  async keepVersions(): Promise<void> {
    await this.#patch('keep versions in', { versioning: { enabled: true } });
  }

  /** The rules of others may have changed since they were looked at. */
  async setLifecycle(): Promise<void> {
    const { rules } = decideLifecycle(rulesOf(await this.look()), this.#plan.lifecycle);
    await this.#patch('set the lifecycle of', { lifecycle: { rule: rules } });
  }

  async #patch(verb: string, body: Fields): Promise<void> {
    await this.#api.call({
      verb: `${verb} ${this.#address}`,
      permission: 'storage.buckets.update',
      method: 'PATCH',
      url: this.#url,
      body,
    });
  }

  /** Surveys. @throws {Failure} `refused` for a bucket whose lifecycle deletes current objects of the archive. */
  async survey(): Promise<Survey> {
    const bucket = await this.look();
    const verdict = decideLifecycle(rulesOf(bucket), this.#plan.lifecycle);
    refuseExpiring(this.#address, verdict.expiring);
    return { changes: this.#changes(bucket, verdict), notes: softDeleteNotes(bucket) };
  }

  /** The lines that make a new bucket by hand. */
  byHand(): readonly string[] {
    return this.#changes(undefined, decideLifecycle([], this.#plan.lifecycle)).flatMap(({ byHand }) => byHand);
  }

  #changes(bucket: Fields | undefined, verdict: LifecycleVerdict): readonly PlannedChange[] {
    const { project, place, lifecycle } = this.#plan;
    const state = (isDone: boolean): ChangeState => (bucket !== undefined && isDone ? 'done' : 'due');
    const isClosed =
      member(bucket, 'iamConfiguration', 'uniformBucketLevelAccess', 'enabled') === true &&
      member(bucket, 'iamConfiguration', 'publicAccessPrevention') === 'enforced';
    const at = place === undefined ? '' : ` --location=${place}`;
    const update = 'storage.buckets.update';
    return [
      {
        change: { kind: 'createBucket' },
        state: bucket === undefined ? 'due' : 'done',
        summary: `the bucket ${this.#address} is there`,
        permission: 'storage.buckets.create',
        byHand: [`gcloud storage buckets create ${this.#address} --project=${project}${at}`],
      },
      {
        change: { kind: 'closeToPublic' },
        // It is created like that.
        state: bucket === undefined ? 'done' : state(isClosed),
        summary: 'accounts of the project alone say who may do what, and nobody can open it to the public',
        permission: update,
        byHand: [
          `gcloud storage buckets update ${this.#address} --uniform-bucket-level-access --public-access-prevention`,
        ],
      },
      {
        change: { kind: 'keepVersions' },
        state: state(member(bucket, 'versioning', 'enabled') === true),
        summary: 'it keeps versions of what is replaced or deleted',
        permission: update,
        byHand: [`gcloud storage buckets update ${this.#address} --versioning`],
      },
      {
        change: { kind: 'setLifecycle' },
        state: state(verdict.isDone),
        summary: `old versions go after ${lifecycle.versionDays} days, unfinished uploads after ${lifecycle.uploadDays} days; nothing current ever goes`,
        permission: update,
        byHand: [
          `echo '${JSON.stringify({ rule: verdict.rules })}' | gcloud storage buckets update ${this.#address} --lifecycle-file=/dev/stdin`,
        ],
      },
    ];
  }
}

/** Soft deletion is on unless somebody has switched it off. It stays as it is. */
function softDeleteNotes(bucket: Fields | undefined): string[] {
  const seconds = member(bucket, 'softDeletePolicy', 'retentionDurationSeconds');
  return seconds === '0' || seconds === 0
    ? ['Soft deletion is switched off in this bucket: what a holder of the key deletes is kept as a version only.']
    : [];
}
