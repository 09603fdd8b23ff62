/**
 * Users of IAM: of AWS, and of servers that speak its API (SeaweedFS, Ceph from Squid on, moto).
 *
 * Source: AWS IAM API reference, version 2010-05-08 (query protocol).
 *
 * @module
 */

import { Failure } from '../../base/failure.ts';
import { childOf, NotXml, parseXml, type XmlElement } from '../../storage/xml.ts';
import type { AccountAct, Accounts, AccountState, AccountWish, ByHand } from '../accounts.ts';
import type { Role } from '../bucket-change.ts';
import type { Credentials } from '../provider.ts';
import { isSamePolicy, type PolicyDocument } from './bucket-policy.ts';
import { CREDENTIAL_NAMES, KEY_ID, SECRET_KEY } from './key-names.ts';
import { unreadable, type S3Api } from './s3-request.ts';
import { percentEncoded } from './sign-request.ts';

/** Where IAM answers. */
export interface IamPlace {
  readonly endpoint: string;
  readonly region: string;
}

const AWS: Readonly<Record<string, IamPlace>> = {
  cn: { endpoint: 'https://iam.cn-north-1.amazonaws.com.cn', region: 'cn-north-1' },
  us: { endpoint: 'https://iam.us-gov.amazonaws.com', region: 'us-gov-west-1' },
};

/** Amazon's own, by the region of the bucket. */
export function awsIam(region: string | undefined): IamPlace {
  const cloud = region?.startsWith('cn-') === true ? 'cn' : region?.startsWith('us-gov-') === true ? 'us' : '';
  return AWS[cloud] ?? { endpoint: 'https://iam.amazonaws.com', region: 'us-east-1' };
}

/** The name of the policy inside each user. */
const policyName = (bucket: string): string => `walkback-${bucket}`;

const HEADERS = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

function errorIn(text: string): readonly [string | undefined, string] {
  try {
    const root = parseXml(text);
    const error = childOf(childOf(root, 'Errors') ?? root, 'Error') ?? root;
    return [childOf(error, 'Code')?.text, childOf(error, 'Message')?.text ?? text.slice(0, 200)];
  } catch {
    return [undefined, text.replaceAll(/\s+/g, ' ').slice(0, 200)];
  }
}

/** As AWS's own programs write it: servers that read it and write it anew find the same signature. */
function formOf(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${percentEncoded(value)}`)
    .join('&');
}

/** The form of one action, without what is not given. */
interface IamCall {
  readonly verb: string;
  readonly form: Readonly<Record<string, string>> & { readonly Action: string };
  readonly expected?: readonly string[];
}

/** Users of IAM. */
export class IamAccounts implements Accounts {
  readonly word = 'user';
  readonly mostKeys = 2;
  readonly standsAlone = true;
  readonly credentialNames = CREDENTIAL_NAMES;
  readonly keysTellAccount = false;
  readonly lookPermission = 'iam:GetUser, iam:GetUserPolicy and iam:ListAccessKeys';
  readonly #api: S3Api;
  readonly #place: IamPlace;
  readonly #bucket: string;
  readonly #policies: Readonly<Record<Role, PolicyDocument>>;

  constructor(api: S3Api, place: IamPlace, bucket: string, policies: Readonly<Record<Role, PolicyDocument>>) {
    this.#api = api;
    this.#place = place;
    this.#bucket = bucket;
    this.#policies = policies;
  }

  byHand(act: AccountAct, { role, name }: AccountWish): ByHand {
    switch (act) {
      case 'create':
        return this.#line('CreateUser', `create-user --user-name ${name}`);
      case 'makeKey':
        return this.#line('CreateAccessKey', `create-access-key --user-name ${name}`);
      case 'endKeys':
        return this.#line('DeleteAccessKey', `delete-access-key --user-name ${name} --access-key-id FORMER-KEY`);
      case 'allow': {
        const document = JSON.stringify(this.#policies[role]);
        const named = `--user-name ${name} --policy-name ${policyName(this.#bucket)}`;
        return this.#line('PutUserPolicy', `put-user-policy ${named} --policy-document '${document}'`);
      }
    }
  }

  keyOf(credentials: Credentials): string | undefined {
    return credentials[KEY_ID];
  }

  #line(action: string, line: string): ByHand {
    const { endpoint } = this.#place;
    const at = endpoint.endsWith('.amazonaws.com') ? '' : ` --endpoint-url ${endpoint}`;
    return { permission: `iam:${action}`, lines: [`aws iam${at} ${line}`] };
  }

  async look(wish: AccountWish): Promise<AccountState> {
    const { role, name } = wish;
    const gone = ['NoSuchEntity'];
    const user = await this.#call({
      verb: `look at the user ${JSON.stringify(name)}`,
      form: { Action: 'GetUser', UserName: name },
      expected: gone,
    });
    if (user === undefined) return { exists: false, isAllowed: false, keys: [] };
    const found = await this.#call({
      verb: `look at the policy of the user ${JSON.stringify(name)}`,
      form: { Action: 'GetUserPolicy', UserName: name, PolicyName: policyName(this.#bucket) },
      expected: gone,
    });
    const text = childOf(found, 'PolicyDocument')?.text;
    return {
      exists: true,
      isAllowed: text !== undefined && isSamePolicy(policyIn(text), this.#policies[role]),
      keys: await this.#keys(name),
    };
  }

  async #keys(name: string): Promise<string[]> {
    const found = await this.#call({
      verb: `list the keys of the user ${JSON.stringify(name)}`,
      form: { Action: 'ListAccessKeys', UserName: name },
    });
    const all = childOf(found, 'AccessKeyMetadata')?.children ?? [];
    return all
      .filter((one) => childOf(one, 'Status')?.text !== 'Inactive')
      .map((one) => childOf(one, 'AccessKeyId')?.text ?? '');
  }

  async create({ name }: AccountWish): Promise<void> {
    await this.#call({
      verb: `create the user ${JSON.stringify(name)}`,
      form: { Action: 'CreateUser', UserName: name },
      expected: ['EntityAlreadyExists'],
    });
  }

  async allow({ role, name }: AccountWish): Promise<void> {
    await this.#call({
      verb: `set the policy of the user ${JSON.stringify(name)}`,
      form: {
        Action: 'PutUserPolicy',
        UserName: name,
        PolicyName: policyName(this.#bucket),
        PolicyDocument: JSON.stringify(this.#policies[role]),
      },
    });
  }

  async makeKey({ name }: AccountWish): Promise<Record<string, string>> {
    const verb = `make a key for the user ${JSON.stringify(name)}`;
    const made = await this.#call({
      verb,
      form: { Action: 'CreateAccessKey', UserName: name },
      expected: ['LimitExceeded'],
    });
    if (made === undefined)
      throw new Failure('conflict', {
        message: `cannot ${verb}: it has as many keys as it can have, and the Secret holds none of them`,
        remedy: 'Give --end-former to end its keys, or delete one of them by hand; whoever still uses it is cut off.',
      });
    const key = childOf(made, 'AccessKey');
    const [id, secret] = [childOf(key, 'AccessKeyId')?.text, childOf(key, 'SecretAccessKey')?.text];
    if (id === undefined || secret === undefined || secret === '') throw unreadable(verb, 'it holds no key');
    return { [KEY_ID]: id, [SECRET_KEY]: secret };
  }

  async endKey({ name }: AccountWish, key: string): Promise<void> {
    await this.#call({
      verb: `end the key ${key} of the user ${JSON.stringify(name)}`,
      form: { Action: 'DeleteAccessKey', UserName: name, AccessKeyId: key },
      expected: ['NoSuchEntity'],
    });
  }

  /** What the answer holds; `undefined` for an expected error. */
  async #call({ verb, form, expected = [] }: IamCall): Promise<XmlElement | undefined> {
    const body = [Buffer.from(formOf({ ...form, Version: '2010-05-08' }))];
    const answer = await this.#api.call({
      verb,
      permission: `iam:${form.Action}`,
      service: 'iam',
      region: this.#place.region,
      request: () => ({ method: 'POST', url: `${this.#place.endpoint}/`, headers: HEADERS, body }),
      readError: errorIn,
      expected,
    });
    if ('code' in answer) return undefined;
    try {
      const root = parseXml(answer.text);
      return childOf(root, `${form.Action}Result`) ?? root;
    } catch (error) {
      if (error instanceof NotXml) throw unreadable(verb, error.message);
      throw error;
    }
  }
}

/** The policy that an answer holds, which is percent-encoded JSON. */
function policyIn(text: string): unknown {
  try {
    return JSON.parse(text.trim().startsWith('{') ? text : decodeURIComponent(text));
  } catch {
    return undefined;
  }
}
