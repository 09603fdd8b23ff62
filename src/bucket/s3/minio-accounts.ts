/**
 * Users of MinIO, by its administration API. A user has one secret, and its access key is its name.
 *
 * Source: MinIO `cmd/admin-router.go`, `cmd/admin-handlers-users.go`; madmin-go 3.0.109 `user-commands.go`.
 *
 * @module
 */

import { randomBytes } from 'node:crypto';

import { Failure } from '../../base/failure.ts';
import { parseJsonOrNothing, propertyOf } from '../../base/unknown-value.ts';
import type { S3Credentials } from '../../storage/s3/s3-location.ts';
import type { AccountAct, Accounts, AccountState, AccountWish, ByHand } from '../accounts.ts';
import type { Role } from '../bucket-change.ts';
import type { Credentials } from '../provider.ts';
import { isOwnPolicy, isSamePolicy, type PolicyDocument } from './bucket-policy.ts';
import { CREDENTIAL_NAMES, KEY_ID, SECRET_KEY } from './key-names.ts';
import { minioBody } from './minio-body.ts';
import { unreadable, type S3Api } from './s3-request.ts';

/** 40 characters, the most that MinIO's own secrets have. */
const SECRET_BYTES = 30;

function errorIn(text: string): readonly [string | undefined, string] {
  const value = parseJsonOrNothing(text);
  const [code, message] = [propertyOf(value, 'Code'), propertyOf(value, 'Message')];
  return [typeof code === 'string' ? code : undefined, typeof message === 'string' ? message : text.slice(0, 200)];
}

function takenPolicy(role: Role, name: string): Failure {
  return new Failure('conflict', {
    message: `cannot make the policy ${JSON.stringify(name)}: there is one already, which was not made for the ${role} of this bucket`,
    remedy: `Give --${role} another name: a user and its policy have the same.`,
  });
}

interface AdminCall {
  readonly verb: string;
  /** `admin:CreateUser` */
  readonly permission: string;
  readonly method: 'GET' | 'PUT';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body?: (credentials: S3Credentials) => Buffer;
  readonly expected?: readonly string[];
}

/** Users of MinIO. */
export class MinioAccounts implements Accounts {
  readonly word = 'user';
  readonly mostKeys = 1;
  readonly standsAlone = false;
  readonly credentialNames = CREDENTIAL_NAMES;
  readonly keysTellAccount = true;
  readonly lookPermission = 'admin:GetUser and admin:GetPolicy';
  readonly #api: S3Api;
  readonly #endpoint: string;
  readonly #region: string;
  readonly #policies: Readonly<Record<Role, PolicyDocument>>;

  constructor(
    api: S3Api,
    place: { readonly endpoint: string; readonly region: string },
    policies: Readonly<Record<Role, PolicyDocument>>,
  ) {
    this.#api = api;
    this.#endpoint = place.endpoint;
    this.#region = place.region;
    this.#policies = policies;
  }

  byHand(act: AccountAct, { role, name }: AccountWish): ByHand {
    if (act !== 'allow') return { permission: 'admin:CreateUser', lines: [`mc admin user add ALIAS ${name}`] };
    return {
      permission: 'admin:CreatePolicy and admin:AttachUserOrGroupPolicy',
      lines: [
        `echo '${JSON.stringify(this.#policies[role])}' | mc admin policy create ALIAS ${name} /dev/stdin`,
        `mc admin policy attach ALIAS ${name} --user ${name}`,
      ],
    };
  }

  keyOf(credentials: Credentials, { name }: AccountWish): string | undefined {
    return credentials[KEY_ID] === name ? name : undefined;
  }

  /** @throws {Failure} `conflict` for a policy that others may have attached: it would be replaced. */
  async look({ role, name }: AccountWish): Promise<AccountState> {
    const user = await this.#json({
      verb: `look at the user ${JSON.stringify(name)}`,
      permission: 'admin:GetUser',
      method: 'GET',
      path: 'user-info',
      query: { accessKey: name },
      expected: ['XMinioAdminNoSuchUser'],
    });
    const found = await this.#policy(name);
    if (found !== undefined && !isOwnPolicy(found, this.#policies[role])) throw takenPolicy(role, name);
    if (user === undefined) return { exists: false, isAllowed: false, keys: [] };
    const policies = propertyOf(user, 'policyName');
    const attached = typeof policies === 'string' ? policies.split(',') : [];
    return {
      exists: true,
      isAllowed: attached.includes(name) && isSamePolicy(found, this.#policies[role]),
      keys: [name],
    };
  }

  async #policy(name: string): Promise<unknown> {
    return this.#json({
      verb: `look at the policy ${JSON.stringify(name)}`,
      permission: 'admin:GetPolicy',
      method: 'GET',
      path: 'info-canned-policy',
      query: { name },
      expected: ['XMinioAdminNoSuchPolicy'],
    });
  }

  /** A user has its secret from its first moment: {@link makeKey} creates it. */
  async create(): Promise<void> {}

  async allow({ role, name }: AccountWish): Promise<void> {
    await this.#call({
      verb: `set the policy ${JSON.stringify(name)}`,
      permission: 'admin:CreatePolicy',
      method: 'PUT',
      path: 'add-canned-policy',
      query: { name },
      body: () => Buffer.from(JSON.stringify(this.#policies[role])),
    });
    await this.#call({
      verb: `give the policy ${JSON.stringify(name)} to its user`,
      permission: 'admin:AttachUserOrGroupPolicy',
      method: 'PUT',
      path: 'set-user-or-group-policy',
      query: { policyName: name, userOrGroup: name, isGroup: 'false' },
    });
  }

  async makeKey({ name }: AccountWish): Promise<Record<string, string>> {
    const secretKey = randomBytes(SECRET_BYTES).toString('base64url');
    await this.#call({
      verb: `set the secret of the user ${JSON.stringify(name)}`,
      permission: 'admin:CreateUser',
      method: 'PUT',
      path: 'add-user',
      query: { accessKey: name },
      body: (credentials) => minioBody(credentials.secretAccessKey, JSON.stringify({ secretKey, status: 'enabled' })),
    });
    return { [KEY_ID]: name, [SECRET_KEY]: secretKey };
  }

  /** A new secret has ended the former one. */
  async endKey(): Promise<void> {}

  async #json(call: AdminCall): Promise<unknown> {
    const text = await this.#call(call);
    if (text === undefined) return undefined;
    const value = parseJsonOrNothing(text);
    if (value === undefined) throw unreadable(call.verb, 'it is no JSON');
    return value;
  }

  async #call({ verb, permission, method, path, query, body, expected = [] }: AdminCall): Promise<string | undefined> {
    const url = `${this.#endpoint}/minio/admin/v3/${path}?${new URLSearchParams(query).toString()}`;
    const answer = await this.#api.call({
      verb,
      permission,
      service: 's3',
      region: this.#region,
      request: (credentials) => ({
        method,
        url,
        headers: {},
        ...(body === undefined ? {} : { body: [body(credentials)] }),
      }),
      readError: errorIn,
      expected,
    });
    return 'code' in answer ? undefined : answer.text;
  }
}
