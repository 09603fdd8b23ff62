/**
 * Buckets in S3, and in what speaks it.
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { DEFAULT_STORE_DEADLINES, type StoreDeadlines } from '../../storage/deadlines.ts';
import { S3Connection } from '../../storage/s3/connection.ts';
import { keyPrefix } from '../../storage/s3/endpoint.ts';
import type { S3Location } from '../../storage/s3/s3-location.ts';
import { ROLES, type BucketChange, type PlannedChange, type Role } from '../bucket-change.ts';
import type { BucketProvider, BucketWishes, Credentials, HeldCredentials, Survey } from '../provider.ts';
import type { Accounts, AccountWish } from '../accounts.ts';
import { accountChanges, accountLines } from '../account-changes.ts';
import { BucketSettings } from './bucket-settings.ts';
import { policyFor, type PolicyDocument } from './bucket-policy.ts';
import { bucketChanges, bucketLines } from './bucket-changes.ts';
import { findAccounts, type AccountsChoice } from './find-accounts.ts';
import { decideLifecycle, type LifecycleWish } from './lifecycle.ts';
import { CREDENTIAL_NAMES, KEY_ID, SECRET_KEY } from './key-names.ts';
import { S3Api } from './s3-request.ts';

/** What is known of the server. */
export interface S3ProviderOptions {
  readonly accounts: AccountsChoice;
  readonly deadlines?: StoreDeadlines;
}

function policyOf({ bucket, region, retention }: S3Location, role: Role): PolicyDocument {
  return policyFor(role, bucket, { region, locks: retention !== undefined });
}

/** One bucket in S3. */
export class S3Provider implements BucketProvider {
  readonly credentialNames = CREDENTIAL_NAMES;
  readonly #location: S3Location;
  readonly #wishes: BucketWishes;
  readonly #connection: S3Connection;
  readonly #api: S3Api;
  readonly #settings: BucketSettings;
  readonly #accounts: Accounts | undefined;
  readonly #lifecycle: LifecycleWish;

  private constructor(
    wishes: BucketWishes,
    connection: S3Connection,
    api: S3Api,
    found: { readonly accounts: Accounts | undefined; readonly hasUploadRules: boolean },
  ) {
    this.#location = connection.location;
    this.#wishes = wishes;
    this.#connection = connection;
    this.#api = api;
    this.#settings = new BucketSettings(connection);
    this.#accounts = found.accounts;
    this.#lifecycle = {
      prefix: keyPrefix(connection.location.prefix),
      versionDays: wishes.versionDays,
      uploadDays: found.hasUploadRules ? wishes.uploadDays : undefined,
    };
  }

  static async open(location: S3Location, wishes: BucketWishes, options: S3ProviderOptions): Promise<S3Provider> {
    using opened = new DisposableStack();
    const connection = await S3Connection.open(location, options.deadlines ?? DEFAULT_STORE_DEADLINES);
    opened.defer(() => connection.close());
    const api = opened.use(await S3Api.open(connection));
    const policies = { writer: policyOf(location, 'writer'), viewer: policyOf(location, 'viewer') };
    const found = await findAccounts(api, location, options.accounts, policies);
    opened.move();
    return new S3Provider(wishes, connection, api, found);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#api[Symbol.dispose]();
    this.#connection.close();
  }

  async survey(held: HeldCredentials): Promise<Survey> {
    const bucket = await bucketChanges(this.#settings, this.#location, this.#lifecycle);
    const accounts =
      this.#accounts === undefined
        ? this.#givenChanges(held)
        : await accountChanges(this.#accounts, held, this.#wishes);
    return { changes: [...bucket.changes, ...accounts.changes], notes: [...bucket.notes, ...accounts.notes] };
  }

  byHand(): readonly string[] {
    const accounts = this.#accounts === undefined ? [] : accountLines(this.#accounts, this.#wishes.names);
    return [...bucketLines(this.#location, this.#lifecycle), ...accounts];
  }

  async run(change: BucketChange): Promise<Credentials | 'unsupported' | undefined> {
    if (change.kind === 'makeKey')
      return this.#accounts === undefined ? this.#given() : this.#accounts.makeKey(this.#wish(change.role));
    return this.#make(change);
  }

  async #make(change: Exclude<BucketChange, { readonly kind: 'makeKey' }>): Promise<'unsupported' | undefined> {
    switch (change.kind) {
      case 'createBucket':
        await this.#settings.create();
        return undefined;
      case 'closeToPublic':
        return this.#closeToPublic();
      case 'keepVersions':
        return this.#settings.keepVersions();
      case 'setLifecycle':
        return this.#setLifecycle();
      case 'createAccount':
        await this.#accounts?.create(this.#wish(change.role));
        return undefined;
      case 'allow':
        await this.#accounts?.allow(this.#wish(change.role));
        return undefined;
      case 'endKeys':
        for (const key of change.keys) await this.#accounts?.endKey(this.#wish(change.role), key);
        return undefined;
    }
  }

  locate(credentials: Credentials): S3Location {
    const { role: _role, ...location } = this.#location;
    const [accessKeyId, secretAccessKey] = [credentials[KEY_ID] ?? '', credentials[SECRET_KEY] ?? ''];
    return { ...location, credentials: { accessKeyId, secretAccessKey } };
  }

  /** A new bucket could not be asked before, and a server that does not know this takes it for another request (MinIO). */
  async #closeToPublic(): Promise<'unsupported' | undefined> {
    const found = await this.#settings.isClosedToPublic();
    if (found === 'unsupported') return found;
    return found ? undefined : this.#settings.closeToPublic();
  }

  /** The rules of others may have changed since they were looked at. */
  async #setLifecycle(): Promise<'unsupported' | undefined> {
    const found = await this.#settings.lifecycle();
    if (found === 'unsupported') return found;
    return this.#settings.setLifecycle(decideLifecycle(found, this.#lifecycle).rules);
  }

  #wish(role: Role): AccountWish {
    return { role, name: this.#wishes.names[role] };
  }

  #given(): Record<string, string> {
    const { credentials, role } = this.#location;
    if (credentials !== undefined && credentials.sessionToken === undefined && role === undefined)
      return { [KEY_ID]: credentials.accessKeyId, [SECRET_KEY]: credentials.secretAccessKey };
    throw new Failure('refused', {
      message: `cannot put the credentials for s3://${this.#location.bucket} into a Secret: they are temporary, or found by the AWS chain`,
      remedy:
        'Give a key that stays (AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), or a server with users (--accounts iam).',
    });
  }

  /** No users, since that was said: both roles are whoever asks. */
  #givenChanges(held: HeldCredentials): Survey {
    const given = this.#given();
    const changes = ROLES.map((role): PlannedChange => {
      const isHeld = held[role]?.[KEY_ID] === given[KEY_ID] && held[role]?.[SECRET_KEY] === given[SECRET_KEY];
      return {
        change: { kind: 'makeKey', role },
        state: isHeld ? 'done' : 'due',
        summary: `the Secret holds the given key for the ${role}`,
        permission: '',
        byHand: [],
      };
    });
    const notes = [
      'No users are made (--accounts none): writer and viewer both get the key that was given, with all its rights.',
    ];
    return { changes, notes };
  }
}
