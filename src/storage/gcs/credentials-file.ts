/**
 * Google's files of credentials, read and checked: nothing of them is in an error but the names of their members.
 *
 * Refused: types that are not named here, among them workload identity from AWS, from a program or a certificate.
 *
 * Source: https://google.aip.dev/auth/4112 (service accounts), 4113 (users), 4117 (external accounts).
 *
 * @module
 */

import { readFile } from 'node:fs/promises';

import { Failure, messageOf } from '../../base/failure.ts';

/** A service account's key. */
export interface ServiceAccountKey {
  readonly type: 'serviceAccount';
  readonly email: string;
  readonly privateKey: string;
  readonly privateKeyId: string | undefined;
  readonly tokenUrl: string;
}

/** A person's login. */
export interface UserLogin {
  readonly type: 'user';
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly tokenUrl: string;
}

/** Where the token of another identity provider is: a file that is kept fresh, or an address. */
export interface SubjectToken {
  readonly from: { readonly file: string } | { readonly url: string; readonly headers: Record<string, string> };
  /** The member of a JSON object that holds it; plain text if not given. */
  readonly member: string | undefined;
}

/** Workload identity federation: another provider's token is exchanged for Google's. */
export interface WorkloadIdentity {
  readonly type: 'workloadIdentity';
  readonly audience: string;
  readonly subjectTokenType: string;
  readonly subjectToken: SubjectToken;
  readonly tokenUrl: string;
  /** Where the exchanged token becomes that of a service account. */
  readonly impersonationUrl: string | undefined;
}

/** A service account that is acted for with the credentials of somebody else. */
export interface Impersonation {
  readonly type: 'impersonation';
  readonly source: GoogleCredentials;
  readonly impersonationUrl: string;
  readonly delegates: readonly string[];
}

/** What a file of credentials holds. */
export type GoogleCredentials = ServiceAccountKey | UserLogin | WorkloadIdentity | Impersonation;

const TOKEN_URL = 'https://oauth2.googleapis.com/token';

/** One JSON object of a file, whose members are asked for by name. */
class Members {
  readonly #path: string;
  readonly #value: object;

  constructor(path: string, value: unknown) {
    this.#path = path;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw this.unusable('it is no JSON object');
    this.#value = value;
  }

  unusable(found: string): Failure {
    return new Failure('usage', {
      message: `cannot use the credentials in ${this.#path}: ${found}`,
      remedy:
        'Name a file of credentials as Google writes them (gcs-credentials-file, GOOGLE_APPLICATION_CREDENTIALS).',
    });
  }

  unsupportedIdentity(): Failure {
    return new Failure('usage', {
      message: `cannot use the credentials in ${this.#path}: workload identity from AWS, from a program or from a certificate is not supported`,
      remedy:
        "Use workload identity from a file or an address, a service account's key, or run where there is a metadata server (gcs-credentials-file, GOOGLE_APPLICATION_CREDENTIALS).",
    });
  }

  find(name: string): string | undefined {
    const value: unknown = Reflect.get(this.#value, name);
    return typeof value === 'string' && value !== '' ? value : undefined;
  }

  text(name: string): string {
    const value = this.find(name);
    if (value === undefined) throw this.unusable(`it has no "${name}"`);
    return value;
  }

  /** An address that a token is sent to or comes from: encrypted, or on this machine. */
  url(name: string, fallback?: string): string {
    const url = this.find(name) ?? fallback ?? this.text(name);
    const parsed = URL.parse(url);
    const isLocal = ['localhost', '127.0.0.1', '[::1]', '169.254.169.254'].includes(parsed?.hostname ?? '');
    if (parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isLocal)) return url;
    throw this.unusable(`its "${name}" is no https address`);
  }

  below(name: string): Members | undefined {
    const value: unknown = Reflect.get(this.#value, name);
    return value === undefined || value === null ? undefined : new Members(this.#path, value);
  }

  texts(name: string): readonly string[] {
    const value: unknown = Reflect.get(this.#value, name);
    return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  }

  entries(): Record<string, string> {
    return Object.fromEntries(Object.entries(this.#value).map(([name, value]) => [name, String(value)]));
  }
}

function subjectToken(source: Members): SubjectToken {
  const format = source.below('format');
  const isJson = format?.find('type') === 'json';
  const member = isJson ? format.text('subject_token_field_name') : undefined;
  const file = source.find('file');
  if (file !== undefined) return { from: { file }, member };
  if (source.find('environment_id') !== undefined || source.find('url') === undefined)
    throw source.unsupportedIdentity();
  return { from: { url: source.url('url'), headers: source.below('headers')?.entries() ?? {} }, member };
}

function workloadIdentity(members: Members): WorkloadIdentity {
  const source = members.below('credential_source');
  if (source === undefined) throw members.unusable('it has no "credential_source"');
  return {
    type: 'workloadIdentity',
    audience: members.text('audience'),
    subjectTokenType: members.text('subject_token_type'),
    subjectToken: subjectToken(source),
    tokenUrl: members.url('token_url', 'https://sts.googleapis.com/v1/token'),
    impersonationUrl:
      members.find('service_account_impersonation_url') === undefined
        ? undefined
        : members.url('service_account_impersonation_url'),
  };
}

function credentialsOf(members: Members, isSource = false): GoogleCredentials {
  const type = members.text('type');
  if (type === 'service_account')
    return {
      type: 'serviceAccount',
      email: members.text('client_email'),
      privateKey: members.text('private_key'),
      privateKeyId: members.find('private_key_id'),
      tokenUrl: members.url('token_uri', TOKEN_URL),
    };
  if (type === 'authorized_user')
    return {
      type: 'user',
      clientId: members.text('client_id'),
      clientSecret: members.text('client_secret'),
      refreshToken: members.text('refresh_token'),
      tokenUrl: members.url('token_uri', TOKEN_URL),
    };
  if (type === 'external_account') return workloadIdentity(members);
  const source = members.below('source_credentials');
  if (type !== 'impersonated_service_account' || source === undefined || isSource)
    throw members.unusable(`credentials of the type ${JSON.stringify(type)} are not supported`);
  return {
    type: 'impersonation',
    source: credentialsOf(source, true),
    impersonationUrl: members.url('service_account_impersonation_url'),
    delegates: members.texts('delegates'),
  };
}

/** Reads what a file of credentials says. @param path for errors. @throws {Failure} `usage` if it cannot be used. */
export function parseCredentials(text: string, path: string): GoogleCredentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes what it read, which may be a key.
    value = undefined;
  }
  return credentialsOf(new Members(path, value));
}

/** Reads a file of credentials; `undefined` if there is none. @throws {Failure} `usage` if it cannot be read or used. */
export async function readCredentials(path: string): Promise<GoogleCredentials | undefined> {
  let text;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw new Failure('usage', {
      message: `cannot read the credentials in ${path}: ${messageOf(error)}`,
      remedy: 'Let this user read the file.',
      cause: error,
    });
  }
  return parseCredentials(text, path);
}
