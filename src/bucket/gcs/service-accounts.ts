/**
 * Service accounts, their rights on one bucket, and their keys.
 *
 * The rights are given in the policy of the bucket, so they end there. The writer has Storage Object User, not Admin: it
 * cannot change who may do what.
 *
 * Source: IAM API v1, "projects.serviceAccounts", "projects.serviceAccounts.keys"; Cloud Storage JSON API,
 * "Buckets: getIamPolicy, setIamPolicy"; Cloud Storage, "IAM roles".
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { parseJsonOrNothing } from '../../base/unknown-value.ts';
import type { GcsError } from '../../storage/gcs/gcs-error.ts';
import { isFields } from '../../storage/gcs/object-resource.ts';
import type { AccountAct, Accounts, AccountState, AccountWish, ByHand } from '../accounts.ts';
import type { Role } from '../bucket-change.ts';
import type { Credentials } from '../provider.ts';
import type { Fields, GoogleApi } from './google-api.ts';

/** The name under which programs are given a key: a file of this name. */
export const KEY_FILE = 'credentials.json';
export const CREDENTIAL_NAMES: readonly string[] = [KEY_FILE];

const ROLES_OF: Readonly<Record<Role, readonly string[]>> = {
  // The second tells of the bucket and lists it; an archive's prune asks whether it keeps versions.
  writer: ['roles/storage.objectUser', 'roles/storage.legacyBucketReader'],
  viewer: ['roles/storage.objectViewer', 'roles/storage.legacyBucketReader'],
};

/** Where the APIs are. */
export interface AccountsPlace {
  readonly bucket: string;
  readonly project: string;
  readonly storageEndpoint: string;
  readonly iamEndpoint: string;
}

interface Binding {
  readonly role: string;
  readonly members: readonly string[];
  readonly condition?: unknown;
}

function bindingsOf(policy: Fields | undefined): readonly Binding[] {
  const bindings = policy?.['bindings'];
  return (Array.isArray(bindings) ? bindings : []).filter(isFields).map((binding) => ({
    ...binding,
    role: String(binding['role']),
    members: Array.isArray(binding['members']) ? binding['members'].map(String) : [],
  }));
}

const isPlainFor =
  (role: string) =>
  (binding: Binding): boolean =>
    binding.role === role && binding.condition === undefined;

function has(policy: Fields | undefined, member: string, roles: readonly string[]): boolean {
  const bindings = bindingsOf(policy);
  return roles.every((role) => bindings.some((one) => isPlainFor(role)(one) && one.members.includes(member)));
}

/** The policy with a member in every role; what else it says stays. */
export function withMember(policy: Fields, member: string, roles: readonly string[]): Fields {
  let bindings = bindingsOf(policy);
  for (const role of roles) {
    const found = bindings.find(isPlainFor(role));
    if (found?.members.includes(member) === true) continue;
    const joined: Binding = { role, members: [...(found?.members ?? []), member] };
    bindings = [...bindings.filter((one) => one !== found), joined];
  }
  return { ...policy, bindings };
}

/** A new account is not known everywhere at once. */
function isTooNew({ status, message }: GcsError): boolean {
  return (status === 400 && /does not exist/i.test(message)) || status === 404;
}

/** Somebody else has changed the policy since it was read. */
function isOvertaken({ status }: GcsError): boolean {
  return status === 409 || status === 412;
}

/** Service accounts of one project. */
export class ServiceAccounts implements Accounts {
  readonly word = 'service account';
  readonly mostKeys = 10;
  readonly standsAlone = true;
  readonly credentialNames = CREDENTIAL_NAMES;
  readonly keysTellAccount = true;
  readonly lookPermission = 'iam.serviceAccounts.get, iam.serviceAccountKeys.list and storage.buckets.getIamPolicy';
  readonly #api: GoogleApi;
  readonly #place: AccountsPlace;

  constructor(api: GoogleApi, place: AccountsPlace) {
    this.#api = api;
    this.#place = place;
  }

  byHand(act: AccountAct, wish: AccountWish): ByHand {
    const { bucket, project } = this.#place;
    const email = this.#email(wish);
    switch (act) {
      case 'create':
        return {
          permission: 'iam.serviceAccounts.create',
          lines: [`gcloud iam service-accounts create ${wish.name} --project=${project}`],
        };
      case 'makeKey':
        return {
          permission: 'iam.serviceAccountKeys.create',
          lines: [`gcloud iam service-accounts keys create ${KEY_FILE} --iam-account=${email}`],
        };
      case 'endKeys':
        return {
          permission: 'iam.serviceAccountKeys.delete',
          lines: [`gcloud iam service-accounts keys delete FORMER-KEY --iam-account=${email}`],
        };
      case 'allow':
        return {
          permission: 'storage.buckets.setIamPolicy',
          lines: ROLES_OF[wish.role].map(
            (role) =>
              `gcloud storage buckets add-iam-policy-binding gs://${bucket} --member=serviceAccount:${email} --role=${role}`,
          ),
        };
    }
  }

  keyOf(credentials: Credentials, wish: AccountWish): string | undefined {
    const key = parseJsonOrNothing(credentials[KEY_FILE] ?? '');
    if (!isFields(key) || key['client_email'] !== this.#email(wish)) return undefined;
    return typeof key['private_key_id'] === 'string' ? key['private_key_id'] : undefined;
  }

  async look(wish: AccountWish): Promise<AccountState> {
    const account = await this.#api.call({
      verb: `look at the service account ${this.#email(wish)}`,
      permission: 'iam.serviceAccounts.get',
      method: 'GET',
      url: this.#accountUrl(wish),
      expected: [404],
    });
    if (account === undefined) return { exists: false, isAllowed: false, keys: [] };
    const policy = await this.#policy([404]);
    const isAllowed = has(policy, this.#member(wish), ROLES_OF[wish.role]);
    return { exists: true, isAllowed, keys: await this.#keys(wish) };
  }

  async create(wish: AccountWish): Promise<void> {
    const { project, iamEndpoint, bucket } = this.#place;
    await this.#api.call({
      verb: `create the service account ${this.#email(wish)}`,
      permission: 'iam.serviceAccounts.create',
      method: 'POST',
      url: `${iamEndpoint}/v1/projects/${project}/serviceAccounts`,
      body: { accountId: wish.name, serviceAccount: { displayName: `walkback: ${wish.role} of gs://${bucket}` } },
      expected: [409],
    });
  }

  async makeKey(wish: AccountWish): Promise<Record<string, string>> {
    const verb = `make a key for the service account ${this.#email(wish)}`;
    const made = await this.#api.call({
      verb,
      permission: 'iam.serviceAccountKeys.create',
      method: 'POST',
      url: `${this.#accountUrl(wish)}/keys`,
      body: { privateKeyType: 'TYPE_GOOGLE_CREDENTIALS_FILE' },
      isPassing: isTooNew,
    });
    const data = made?.['privateKeyData'];
    const text = typeof data === 'string' ? Buffer.from(data, 'base64').toString() : '';
    if (isFields(parseJsonOrNothing(text))) return { [KEY_FILE]: text };
    throw new Failure('corrupt', {
      message: `cannot ${verb}: the answer holds no key`,
      remedy: 'Look for a proxy between here and Google. The key may have been made: --end-former ends it.',
    });
  }

  async endKey(wish: AccountWish, key: string): Promise<void> {
    await this.#api.call({
      verb: `end the key ${key} of ${this.#email(wish)}`,
      permission: 'iam.serviceAccountKeys.delete',
      method: 'DELETE',
      url: `${this.#accountUrl(wish)}/keys/${encodeURIComponent(key)}`,
      expected: [404],
    });
  }

  /** Others may change the policy at the same time: its etag is the condition, and it is read again. */
  async allow(wish: AccountWish): Promise<void> {
    for (let triesLeft = 5; ; triesLeft -= 1) {
      const policy = withMember(await this.#policy(), this.#member(wish), ROLES_OF[wish.role]);
      const set = await this.#api.call({
        verb: `let ${this.#email(wish)} use gs://${this.#place.bucket}`,
        permission: 'storage.buckets.setIamPolicy',
        method: 'PUT',
        url: this.#policyUrl(''),
        body: policy,
        expected: triesLeft > 0 ? [409, 412] : [],
        isPassing: (error) => !isOvertaken(error) && isTooNew(error),
      });
      if (set !== undefined) return;
    }
  }

  async #policy(expected: readonly number[] = []): Promise<Fields> {
    const found = await this.#api.call({
      verb: `look at who may use gs://${this.#place.bucket}`,
      permission: 'storage.buckets.getIamPolicy',
      method: 'GET',
      url: this.#policyUrl('?optionsRequestedPolicyVersion=3'),
      expected,
    });
    return found ?? {};
  }

  async #keys(wish: AccountWish): Promise<string[]> {
    const found = await this.#api.call({
      verb: `list the keys of ${this.#email(wish)}`,
      permission: 'iam.serviceAccountKeys.list',
      method: 'GET',
      url: `${this.#accountUrl(wish)}/keys?keyTypes=USER_MANAGED`,
    });
    const keys = found?.['keys'];
    return (Array.isArray(keys) ? keys : [])
      .filter(isFields)
      .filter((key) => key['disabled'] !== true)
      .map((key) => String(key['name']).split('/').at(-1) ?? '');
  }

  /** Projects of an organisation's own domain are `example.com:project`. */
  #email({ name }: AccountWish): string {
    const host = this.#place.project.split(':').toReversed().join('.');
    return `${name}@${host}.iam.gserviceaccount.com`;
  }

  #member(wish: AccountWish): string {
    return `serviceAccount:${this.#email(wish)}`;
  }

  #accountUrl(wish: AccountWish): string {
    const { iamEndpoint, project } = this.#place;
    return `${iamEndpoint}/v1/projects/${project}/serviceAccounts/${encodeURIComponent(this.#email(wish))}`;
  }

  #policyUrl(query: string): string {
    return `${this.#place.storageEndpoint}/storage/v1/b/${encodeURIComponent(this.#place.bucket)}/iam${query}`;
  }
}
