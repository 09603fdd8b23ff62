/**
 * What the two accounts of a bucket may do, as policies of IAM.
 *
 * The writer may not delete versions: who has stolen its key can hide objects, and not destroy what the bucket keeps of
 * them.
 *
 * Source: Amazon S3, "Actions, resources, and condition keys".
 *
 * @module
 */

import type { Role } from '../bucket-change.ts';

/** One statement. */
export interface PolicyStatement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

/** A policy as IAM takes it. */
export interface PolicyDocument {
  readonly Version: '2012-10-17';
  readonly Statement: readonly PolicyStatement[];
}

const OF_BUCKET: Readonly<Record<Role, readonly string[]>> = {
  viewer: ['s3:GetBucketLocation', 's3:ListBucket'],
  writer: [
    's3:GetBucketLocation',
    's3:GetBucketObjectLockConfiguration',
    's3:GetBucketVersioning',
    's3:ListBucket',
    's3:ListBucketMultipartUploads',
  ],
};

const OF_OBJECTS: Readonly<Record<Role, readonly string[]>> = {
  viewer: ['s3:GetObject'],
  writer: ['s3:AbortMultipartUpload', 's3:DeleteObject', 's3:GetObject', 's3:ListMultipartUploadParts', 's3:PutObject'],
};

/** AWS's clouds have names of their own in ARNs. */
function partitionOf(region: string | undefined): string {
  if (region?.startsWith('cn-') === true) return 'aws-cn';
  return region?.startsWith('us-gov-') === true ? 'aws-us-gov' : 'aws';
}

/** The policy of one account. @param options.locks the writer locks what it writes (`s3-retention-seconds`). */
export function policyFor(
  role: Role,
  bucket: string,
  { region, locks = false }: { readonly region: string | undefined; readonly locks?: boolean },
): PolicyDocument {
  const arn = `arn:${partitionOf(region)}:s3:::${bucket}`;
  const lock = role === 'writer' && locks ? ['s3:PutObjectRetention'] : [];
  return {
    Version: '2012-10-17',
    Statement: [
      { Sid: 'WalkbackBucket', Effect: 'Allow', Action: OF_BUCKET[role], Resource: [arn] },
      {
        Sid: 'WalkbackObjects',
        Effect: 'Allow',
        Action: [...OF_OBJECTS[role], ...lock].toSorted(),
        Resource: [`${arn}/*`],
      },
    ],
  };
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Servers give back one text for a list of one, and lists in an order of their own. */
function sorted(value: unknown): string[] {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value];
  return all.map(String).toSorted();
}

function isSameList(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function statementsIn(policy: unknown): readonly unknown[] {
  const found = member(policy, 'Statement');
  return Array.isArray(found) ? found : [found];
}

function inOneForm(policy: unknown): string {
  return JSON.stringify(
    statementsIn(policy)
      .map((one) =>
        JSON.stringify([
          member(one, 'Effect'),
          sorted(member(one, 'Action')),
          sorted(member(one, 'Resource')),
          member(one, 'Condition') ?? null,
          member(one, 'NotAction') ?? null,
        ]),
      )
      .toSorted(),
  );
}

/** True if a server's policy was made here, for the same bucket; what it allows may be of another version. */
export function isOwnPolicy(found: unknown, wanted: PolicyDocument): boolean {
  const statements = statementsIn(found);
  return wanted.Statement.every(({ Sid, Resource }) =>
    statements.some((one) => member(one, 'Sid') === Sid && isSameList(member(one, 'Resource'), Resource)),
  );
}

/** True if a server's policy says the same. */
export function isSamePolicy(found: unknown, wanted: PolicyDocument): boolean {
  return inOneForm(found) === inOneForm(wanted);
}
