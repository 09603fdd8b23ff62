/**
 * What the Secret of a bucket holds: the bucket's name, and the credentials of both accounts.
 *
 * The viewer's stand under the same names with `viewer_` before them, or plainly in a Secret of their own. A chart that
 * mounts the whole Secret at /etc/credentials has the writer's key at /etc/credentials/credentials.json and the viewer's
 * at /etc/credentials/viewer_credentials.json: the latter is what CLONE_GOOGLE_APPLICATION_CREDENTIALS names.
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import { ROLES, type Role } from './bucket-change.ts';
import type { Credentials, HeldCredentials } from './provider.ts';

/** Entries of a Secret, as text. */
export type SecretData = Readonly<Record<string, string>>;

/** The Secrets of one bucket, by name; without `viewer` both accounts are in one. */
export interface SecretNames {
  readonly writer: string;
  readonly viewer?: string;
}

const BUCKET_NAME = 'bucket_name';
const VIEWER = 'viewer_';

/** The Secret that holds the credentials of a role. */
export function secretOf(names: SecretNames, role: Role): string {
  return role === 'viewer' ? (names.viewer ?? names.writer) : names.writer;
}

function prefixOf(names: SecretNames, role: Role): string {
  return role === 'viewer' && names.viewer === undefined ? VIEWER : '';
}

function belongsToViewer(name: string): boolean {
  return name.startsWith(VIEWER);
}

function credentialsIn(data: SecretData, names: SecretNames, role: Role): Credentials | undefined {
  const prefix = prefixOf(names, role);
  const found = Object.entries(data)
    .filter(([name, value]) => name !== BUCKET_NAME && value !== '')
    .filter(([name]) => (prefix === '' ? !belongsToViewer(name) : belongsToViewer(name)))
    .map(([name, value]): [string, string] => [name.slice(prefix.length), value]);
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** The credentials that Secrets hold. @param found by name; absent Secrets are left out. */
export function heldIn(found: ReadonlyMap<string, SecretData>, names: SecretNames): HeldCredentials {
  const held: Partial<Record<Role, Credentials>> = {};
  for (const role of ROLES) {
    const credentials = credentialsIn(found.get(secretOf(names, role)) ?? {}, names, role);
    if (credentials !== undefined) held[role] = credentials;
  }
  return held;
}

/** The entries that the credentials of a role make, and no others: those of a Secret are others' too. */
export function credentialEntries(
  names: SecretNames,
  { role, bucket, credentials }: { readonly role: Role; readonly bucket: string; readonly credentials: Credentials },
): SecretData {
  const prefix = prefixOf(names, role);
  const added = Object.entries(credentials).map(([name, value]) => [`${prefix}${name}`, value]);
  return { [BUCKET_NAME]: bucket, ...Object.fromEntries(added) };
}

/** The names that {@link credentialEntries} writes. @param credentialNames those of the credentials alone. */
export function keysOf(names: SecretNames, role: Role, credentialNames: readonly string[]): readonly string[] {
  return [BUCKET_NAME, ...credentialNames.map((name) => `${prefixOf(names, role)}${name}`)];
}

/** @throws {Failure} `conflict` for a Secret that is another bucket's, or no bucket's. */
export function refuseForeign(where: string, data: SecretData, bucket: string): void {
  const named = data[BUCKET_NAME];
  if (named === bucket || Object.keys(data).length === 0) return;
  const found =
    named === undefined
      ? `it is there already, and no Secret of a bucket (it has no "${BUCKET_NAME}")`
      : `it is of the bucket ${JSON.stringify(named)}`;
  throw new Failure('conflict', {
    message: `cannot write the credentials of the bucket ${JSON.stringify(bucket)} into ${where}: ${found}`,
    remedy: 'Give --secret another name. Nothing is overwritten that another bucket needs.',
  });
}

/** The names in a Secret, for people: its values are never shown. */
export function namesIn(data: SecretData): readonly string[] {
  return Object.keys(data).toSorted();
}
