/**
 * Buckets in Google Cloud Storage.
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../../base/failure.ts';
import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from '../../storage/deadlines.ts';
import { GCS_ENDPOINT, type GcsLocation } from '../../storage/gcs/gcs-location.ts';
import { isFields } from '../../storage/gcs/object-resource.ts';
import { accountChanges, accountLines } from '../account-changes.ts';
import type { AccountWish } from '../accounts.ts';
import { ROLES, type BucketChange, type PlannedChange, type Role } from '../bucket-change.ts';
import type { BucketProvider, BucketWishes, Credentials, HeldCredentials, Survey } from '../provider.ts';
import { BucketResource } from './bucket-resource.ts';
import { GoogleApi } from './google-api.ts';
import { CREDENTIAL_NAMES, KEY_FILE, ServiceAccounts } from './service-accounts.ts';

/** What is known beside the address. */
export interface GcsProviderOptions {
  /** `none`: the credentials that were given are put into the Secret. */
  readonly accounts: 'auto' | 'none';
  /** `undefined`: that of the file of credentials. */
  readonly project?: string;
  /** Where a bucket is made. */
  readonly place?: string;
  readonly iamEndpoint?: string;
  readonly deadlines?: StoreDeadlines;
}

const IAM_ENDPOINT = 'https://iam.googleapis.com';

/** What the file of credentials holds; `undefined` without one. */
async function givenText({ credentials }: GcsLocation): Promise<string | undefined> {
  if (credentials.kind === 'text') return credentials.text;
  if (credentials.kind !== 'file') return undefined;
  try {
    return await readFile(credentials.path, 'utf8');
  } catch (error) {
    throw new Failure('usage', {
      message: `cannot read the credentials in ${credentials.path}: ${messageOf(error)}`,
      remedy: 'Correct gcs-credentials-file (GOOGLE_APPLICATION_CREDENTIALS).',
      cause: error,
    });
  }
}

function projectIn(text: string | undefined): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
  const named = isFields(value) ? (value['project_id'] ?? value['quota_project_id']) : undefined;
  return typeof named === 'string' && named !== '' ? named : undefined;
}

function withoutProject(): Failure {
  return new Failure('usage', {
    message: 'cannot tell which project the bucket and its service accounts belong to',
    remedy: 'Give --project; a file of credentials of a service account would name it too.',
  });
}

const hostOf = (endpoint: string): string =>
  (/^[a-z]+:\/\//i.test(endpoint) ? endpoint : `https://${endpoint}`).replace(/\/+$/, '');

/** One bucket in Google Cloud Storage. */
export class GcsProvider implements BucketProvider {
  readonly credentialNames = CREDENTIAL_NAMES;
  readonly #location: GcsLocation;
  readonly #wishes: BucketWishes;
  readonly #api: GoogleApi;
  readonly #bucket: BucketResource;
  readonly #accounts: ServiceAccounts | undefined;
  readonly #givenKey: string | undefined;

  private constructor(
    location: GcsLocation,
    wishes: BucketWishes,
    parts: {
      readonly api: GoogleApi;
      readonly bucket: BucketResource;
      readonly accounts: ServiceAccounts | undefined;
      readonly givenKey: string | undefined;
    },
  ) {
    this.#location = location;
    this.#wishes = wishes;
    this.#api = parts.api;
    this.#bucket = parts.bucket;
    this.#accounts = parts.accounts;
    this.#givenKey = parts.givenKey;
  }

  static async open(location: GcsLocation, wishes: BucketWishes, options: GcsProviderOptions): Promise<GcsProvider> {
    const givenKey = await givenText(location);
    const project = options.project ?? projectIn(givenKey);
    if (project === undefined) throw withoutProject();
    const api = await GoogleApi.open(location, options.deadlines ?? DEFAULT_STORE_DEADLINES);
    const endpoint = hostOf(location.endpoint ?? GCS_ENDPOINT);
    const prefix = location.prefix === '' ? '' : `${location.prefix}/`;
    const { versionDays, uploadDays } = wishes;
    const lifecycle = { prefix, versionDays, uploadDays };
    const bucket = new BucketResource(api, { location, endpoint, project, place: options.place, lifecycle });
    const accounts =
      options.accounts === 'none'
        ? undefined
        : new ServiceAccounts(api, {
            bucket: location.bucket,
            project,
            storageEndpoint: endpoint,
            iamEndpoint: hostOf(options.iamEndpoint ?? IAM_ENDPOINT),
          });
    return new GcsProvider(location, wishes, { api, bucket, accounts, givenKey });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#api[Symbol.dispose]();
  }

  async survey(held: HeldCredentials): Promise<Survey> {
    const bucket = await this.#bucket.survey();
    const accounts =
      this.#accounts === undefined
        ? this.#givenChanges(held)
        : await accountChanges(this.#accounts, held, this.#wishes);
    return { changes: [...bucket.changes, ...accounts.changes], notes: [...bucket.notes, ...accounts.notes] };
  }

  byHand(): readonly string[] {
    const accounts = this.#accounts === undefined ? [] : accountLines(this.#accounts, this.#wishes.names);
    return [...this.#bucket.byHand(), ...accounts];
  }

  async run(change: BucketChange): Promise<Credentials | undefined> {
    if (change.kind === 'makeKey')
      return this.#accounts === undefined ? this.#given() : this.#accounts.makeKey(this.#wish(change.role));
    await this.#make(change);
    return undefined;
  }

  async #make(change: Exclude<BucketChange, { readonly kind: 'makeKey' }>): Promise<void> {
    switch (change.kind) {
      case 'createBucket':
        return this.#bucket.create();
      case 'closeToPublic':
        return this.#bucket.closeToPublic();
      case 'keepVersions':
        return this.#bucket.keepVersions();
      case 'setLifecycle':
        return this.#bucket.setLifecycle();
      case 'createAccount':
        return this.#accounts?.create(this.#wish(change.role));
      case 'allow':
        return this.#accounts?.allow(this.#wish(change.role));
      case 'endKeys':
        for (const key of change.keys) await this.#accounts?.endKey(this.#wish(change.role), key);
        return;
    }
  }

  locate(credentials: Credentials): GcsLocation {
    const text = credentials[KEY_FILE];
    if (text === undefined) return this.#location;
    return { ...this.#location, credentials: { kind: 'text', text } };
  }

  #wish(role: Role): AccountWish {
    return { role, name: this.#wishes.names[role] };
  }

  #given(): Record<string, string> {
    if (this.#givenKey !== undefined) return { [KEY_FILE]: this.#givenKey };
    throw new Failure('refused', {
      message: `cannot put the credentials for gs://${this.#location.bucket} into a Secret: there is no file of them`,
      remedy: 'Give one (GOOGLE_APPLICATION_CREDENTIALS), or let service accounts be made (leave --accounts out).',
    });
  }

  #givenChanges(held: HeldCredentials): Survey {
    const given = this.#given();
    const changes = ROLES.map((role): PlannedChange => ({
      change: { kind: 'makeKey', role },
      state: held[role]?.[KEY_FILE] === given[KEY_FILE] ? 'done' : 'due',
      summary: `the Secret holds the given credentials for the ${role}`,
      permission: '',
      byHand: [],
    }));
    const notes = [
      'No service accounts are made: writer and viewer both get the credentials that were given, with all their rights.',
    ];
    return { changes, notes };
  }
}
