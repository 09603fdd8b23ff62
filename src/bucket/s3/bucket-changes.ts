/**
 * What is to be done about a bucket in S3 itself.
 *
 * @module
 */

import { isFailure } from '../../base/failure.ts';
import type { S3Location } from '../../storage/s3/s3-location.ts';
import type { ChangeState, PlannedChange } from '../bucket-change.ts';
import { refuseExpiring } from '../refuse-expiring.ts';
import type { Survey } from '../provider.ts';
import type { BucketSettings } from './bucket-settings.ts';
import { decideLifecycle, type LifecycleVerdict, type LifecycleWish } from './lifecycle.ts';

interface Looked<T> {
  readonly state: ChangeState;
  /** Absent if it could not be looked at, or there is no such thing. */
  readonly found?: T;
}

/** Looks; what may not be looked at is `hidden`. */
async function stateOf<T>(ask: () => Promise<T | 'unsupported'>, isDone: (found: T) => boolean): Promise<Looked<T>> {
  try {
    const found = await ask();
    if (found === 'unsupported') return { state: 'unsupported' };
    return { state: isDone(found as T) ? 'done' : 'due', found: found as T };
  } catch (error) {
    if (isFailure(error, 'denied')) return { state: 'hidden' };
    throw error;
  }
}

function awsLine({ bucket, endpoint }: S3Location, command: string, more = ''): string {
  const at = endpoint === undefined ? '' : ` --endpoint-url ${endpoint}`;
  return `aws s3api${at} ${command} --bucket ${bucket}${more}`;
}

function createLine(location: S3Location): string {
  const { region, endpoint } = location;
  const isNamed = region !== undefined && region !== 'us-east-1' && endpoint === undefined;
  return awsLine(
    location,
    'create-bucket',
    isNamed ? ` --region ${region} --create-bucket-configuration LocationConstraint=${region}` : '',
  );
}

const CLOSED = 'BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=true,RestrictPublicBuckets=true';

function freezingNotes({ freezing }: LifecycleVerdict): string[] {
  return freezing.length === 0
    ? []
    : [
        `The lifecycle moves objects to where they cannot be read at once (${freezing.join(', ')}): a recovery would have to wait hours for them.`,
      ];
}

interface States {
  readonly bucket: ChangeState;
  readonly closed: ChangeState;
  readonly versions: ChangeState;
  readonly rules: ChangeState;
}

function changesOf(
  states: States,
  location: S3Location,
  { wish, verdict }: { readonly wish: LifecycleWish; readonly verdict: LifecycleVerdict },
): PlannedChange[] {
  return [
    {
      change: { kind: 'createBucket' },
      state: states.bucket,
      summary: `the bucket s3://${location.bucket} is there`,
      permission: 's3:CreateBucket',
      byHand: [createLine(location)],
    },
    {
      change: { kind: 'closeToPublic' },
      state: states.closed,
      summary: 'no policy can open it to the public',
      permission: states.closed === 'hidden' ? 's3:GetBucketPublicAccessBlock' : 's3:PutBucketPublicAccessBlock',
      byHand: [awsLine(location, 'put-public-access-block', ` --public-access-block-configuration ${CLOSED}`)],
    },
    {
      change: { kind: 'keepVersions' },
      state: states.versions,
      summary: 'it keeps versions of what is replaced or deleted',
      permission: states.versions === 'hidden' ? 's3:GetBucketVersioning' : 's3:PutBucketVersioning',
      byHand: [awsLine(location, 'put-bucket-versioning', ' --versioning-configuration Status=Enabled')],
    },
    {
      change: { kind: 'setLifecycle' },
      state: states.rules,
      summary: lifecycleSummary(wish),
      permission: states.rules === 'hidden' ? 's3:GetLifecycleConfiguration' : 's3:PutLifecycleConfiguration',
      byHand: [
        awsLine(
          location,
          'put-bucket-lifecycle-configuration',
          ` --lifecycle-configuration '${JSON.stringify({ Rules: verdict.rules })}'`,
        ),
      ],
    },
  ];
}

/** The lines that make a new bucket by hand. */
export function bucketLines(location: S3Location, wish: LifecycleWish): readonly string[] {
  const states = { bucket: 'due', closed: 'due', versions: 'due', rules: 'due' } as const;
  return changesOf(states, location, { wish, verdict: decideLifecycle([], wish) }).flatMap(({ byHand }) => byHand);
}

/** Surveys. @throws {Failure} `refused` for a bucket whose lifecycle expires current objects of the archive. */
export async function bucketChanges(
  settings: BucketSettings,
  location: S3Location,
  wish: LifecycleWish,
): Promise<Survey> {
  const exists = await settings.exists();
  const look = async <T>(ask: () => Promise<T | 'unsupported'>, isDone: (found: T) => boolean): Promise<Looked<T>> =>
    exists ? stateOf(ask, isDone) : { state: 'due' };
  const closed = await look(
    async () => settings.isClosedToPublic(),
    (is) => is,
  );
  const versions = await look(
    async () => settings.keepsVersions(),
    (does) => does,
  );
  const rules = await look(
    async () => settings.lifecycle(),
    (found) => decideLifecycle(found, wish).isDone,
  );
  const verdict = decideLifecycle(rules.found ?? [], wish);
  refuseExpiring(`s3://${location.bucket}`, verdict.expiring);
  const states = {
    bucket: exists ? 'done' : 'due',
    closed: closed.state,
    versions: versions.state,
    rules: rules.state,
  } as const;
  return { changes: changesOf(states, location, { wish, verdict }), notes: freezingNotes(verdict) };
}

function lifecycleSummary({ versionDays, uploadDays }: LifecycleWish): string {
  const uploads = uploadDays === undefined ? '' : `, unfinished uploads after ${uploadDays} days`;
  return `old versions go after ${versionDays} days${uploads}; nothing current ever goes`;
}
