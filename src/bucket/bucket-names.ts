/**
 * Names, checked before anything is made: a bucket that is there and an account that cannot be is half a job.
 *
 * Source: Amazon S3, "General purpose bucket naming rules"; Cloud Storage, "Bucket names"; IAM (Google), "Create service
 * accounts" (6 to 30 characters); IAM (AWS), "Name requirements" (64); Azure Storage, "Naming and Referencing Containers";
 * Kubernetes, "DNS Subdomain Names".
 *
 * @module
 */

import { Failure } from '../base/failure.ts';
import type { Role } from './bucket-change.ts';

/** The stores that buckets can be provided in. */
export type BucketStore = 's3' | 'gcs' | 'azure';

interface NameRule {
  readonly form: RegExp;
  readonly words: string;
}

const BUCKET: Readonly<Record<BucketStore, NameRule>> = {
  s3: {
    form: /^(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:\.\.|-s3alias$|--ol-s3$|[.]mrap$|--x-s3$))(?!\d+(?:\.\d+){3}$)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
    words: '3 to 63 lower-case letters, digits, dots and dashes, with a letter or digit at each end',
  },
  gcs: {
    form: /^(?!goog)(?!.*(?:\.\.|google|g00gle))(?!\d+(?:\.\d+){3}$)[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/,
    words: '3 to 63 lower-case letters, digits, dashes, underscores and dots, and no word of Google’s',
  },
  azure: {
    form: /^(?!.*--)[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/,
    words: '3 to 63 lower-case letters, digits and single dashes',
  },
};

const ACCOUNT: Readonly<Record<BucketStore, NameRule>> = {
  s3: { form: /^[\w+=,.@-]{3,64}$/, words: '3 to 64 letters, digits or any of _+=,.@-' },
  gcs: {
    form: /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/,
    words: '6 to 30 lower-case letters, digits and dashes, beginning with a letter',
  },
  azure: { form: /^[\w-]{1,60}$/, words: '1 to 60 letters, digits, dashes and underscores' },
};

const SECRET: NameRule = {
  form: /^(?=.{1,253}$)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/,
  words: 'lower-case letters, digits, dashes and dots, at most 253',
};

function check(rule: NameRule, what: string, name: string, remedy: string): void {
  if (rule.form.test(name)) return;
  throw new Failure('usage', {
    message: `cannot use ${JSON.stringify(name)} as the name of ${what}: it must be ${rule.words}`,
    remedy,
  });
}

/** The accounts of a bucket, `sa-<bucket>` writes, `ro-<bucket>` reads. */
export function accountNames(bucket: string, given: Partial<Record<Role, string>> = {}): Record<Role, string> {
  return { writer: given.writer ?? `sa-${bucket}`, viewer: given.viewer ?? `ro-${bucket}` };
}

const SECRET_NAMES: Readonly<Record<BucketStore, (bucket: string) => string>> = {
  s3: (bucket) => `s3-${bucket}-access-key`,
  gcs: (bucket) => `gcp-${bucket}-service-account-key`,
  azure: (bucket) => `azure-${bucket}-sas-token`,
};

/** The Secret that credentials go to if none is named. An underscore, which buckets of Google may have, becomes a dash. */
export function secretName(store: BucketStore, bucket: string): string {
  return SECRET_NAMES[store](bucket.replaceAll('_', '-'));
}

/** All names of one provisioning. */
export interface ProvisionNames {
  readonly store: BucketStore;
  readonly bucket: string;
  readonly accounts: Readonly<Record<Role, string>>;
  readonly secrets: readonly string[];
}

/** @throws {Failure} `usage` for the first name that the servers would not take. */
export function checkNames({ store, bucket, accounts, secrets }: ProvisionNames): void {
  const what = store === 'azure' ? 'a container' : 'a bucket';
  check(BUCKET[store], what, bucket, 'Choose another address for the archive (--archive).');
  const { writer, viewer } = accounts;
  check(ACCOUNT[store], 'the account that writes', writer, 'Give --writer another name.');
  check(ACCOUNT[store], 'the account that reads', viewer, 'Give --viewer another name.');
  if (writer === viewer)
    throw new Failure('usage', {
      message: `cannot use ${JSON.stringify(writer)} for both accounts: one of them must not be able to write`,
      remedy: 'Give --writer and --viewer different names.',
    });
  for (const name of secrets) check(SECRET, 'a Secret', name, 'Give --secret another name.');
}
