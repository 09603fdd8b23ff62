/**
 * The bucket itself in S3: is it there, what does it keep, who may look.
 *
 * Source: Amazon S3 API reference.
 *
 * @module
 */

import {
  CreateBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutPublicAccessBlockCommand,
  type BucketLocationConstraint,
  type LifecycleRule,
  type S3Client,
} from '@aws-sdk/client-s3';

import { Failure } from '../../base/failure.ts';
import type { S3Connection } from '../../storage/s3/connection.ts';
import { readS3Error } from '../../storage/s3/s3-error.ts';

/** Answers of servers that do not know a question. */
const UNKNOWN_QUESTION = new Set(['NotImplemented', 'XNotImplemented', 'MethodNotAllowed', 'UnsupportedOperation']);

/** The region that is named by leaving it out. */
const UNNAMED_REGION = 'us-east-1';

function isUnknownQuestion(thrown: unknown): boolean {
  const { name, status } = readS3Error(thrown);
  return UNKNOWN_QUESTION.has(name) || status === 501 || status === 405;
}

type Send<T> = (client: S3Client, abortSignal: { abortSignal: AbortSignal }) => Promise<T>;

/** What one request is about. */
interface Question {
  /** After "cannot". */
  readonly verb: string;
  readonly permission: string;
  /** Codes that mean that there is no such thing. */
  readonly absent?: readonly string[];
}

/** One bucket. */
export class BucketSettings {
  readonly #connection: S3Connection;
  readonly #bucket: string;

  constructor(connection: S3Connection) {
    this.#connection = connection;
    this.#bucket = connection.location.bucket;
  }

  /** @throws {Failure} `denied` if there is one that these credentials may not look at, which may be somebody else's. */
  async exists(): Promise<boolean> {
    const found = await this.#ask(
      { verb: 'look for the bucket', permission: 's3:ListBucket', absent: ['NotFound', 'NoSuchBucket', '404'] },
      async (client, options) => client.send(new HeadBucketCommand({ Bucket: this.#bucket }), options),
    );
    return found !== undefined && found !== 'unsupported';
  }

  async create(): Promise<void> {
    const { region, endpoint } = this.#connection.location;
    const named = region === undefined || region === UNNAMED_REGION || endpoint !== undefined ? undefined : region;
    const place = named === undefined ? {} : { CreateBucketConfiguration: { LocationConstraint: regionName(named) } };
    const taken = await this.#ask(
      { verb: 'create the bucket', permission: 's3:CreateBucket' },
      async (client, options) => {
        try {
          await client.send(new CreateBucketCommand({ Bucket: this.#bucket, ...place }), options);
          return 'mine';
        } catch (error) {
          // A repeated request whose first answer was lost.
          if (readS3Error(error).name === 'BucketAlreadyOwnedByYou') return 'mine';
          if (readS3Error(error).name === 'BucketAlreadyExists') return 'taken';
          throw error;
        }
      },
    );
    if (taken === 'mine') return;
    throw new Failure('conflict', {
      message: `cannot create the bucket s3://${this.#bucket}: somebody else has one of this name`,
      remedy: 'Names of buckets are shared by everybody. Choose another address for the archive (--archive).',
    });
  }

  /** `unsupported`: the server keeps no versions. */
  async keepsVersions(): Promise<boolean | 'unsupported'> {
    const found = await this.#ask(
      { verb: 'look at the versioning of', permission: 's3:GetBucketVersioning' },
      async (client, options) => client.send(new GetBucketVersioningCommand({ Bucket: this.#bucket }), options),
    );
    return found === 'unsupported' ? found : found?.Status === 'Enabled';
  }

  async keepVersions(): Promise<'unsupported' | undefined> {
    const answer = await this.#ask(
      { verb: 'keep versions in', permission: 's3:PutBucketVersioning' },
      async (client, options) =>
        client.send(
          new PutBucketVersioningCommand({ Bucket: this.#bucket, VersioningConfiguration: { Status: 'Enabled' } }),
          options,
        ),
    );
    return answer === 'unsupported' ? answer : undefined;
  }

  /** True if no policy and no list of access can open the bucket to everybody. */
  async isClosedToPublic(): Promise<boolean | 'unsupported'> {
    const found = await this.#ask(
      {
        verb: 'look at the public access of',
        permission: 's3:GetBucketPublicAccessBlock',
        absent: ['NoSuchPublicAccessBlockConfiguration'],
      },
      async (client, options) => client.send(new GetPublicAccessBlockCommand({ Bucket: this.#bucket }), options),
    );
    if (found === 'unsupported' || found === undefined) return found ?? false;
    const { BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets } =
      found.PublicAccessBlockConfiguration ?? {};
    return [BlockPublicAcls, IgnorePublicAcls, BlockPublicPolicy, RestrictPublicBuckets].every((on) => on === true);
  }

  async closeToPublic(): Promise<'unsupported' | undefined> {
    const all = {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    };
    const answer = await this.#ask(
      { verb: 'close to the public', permission: 's3:PutBucketPublicAccessBlock' },
      async (client, options) =>
        client.send(
          new PutPublicAccessBlockCommand({ Bucket: this.#bucket, PublicAccessBlockConfiguration: all }),
          options,
        ),
    );
    return answer === 'unsupported' ? answer : undefined;
  }

  /** The rules of the lifecycle; none where there is no lifecycle. */
  async lifecycle(): Promise<readonly LifecycleRule[] | 'unsupported'> {
    const found = await this.#ask(
      {
        verb: 'look at the lifecycle of',
        permission: 's3:GetLifecycleConfiguration',
        absent: ['NoSuchLifecycleConfiguration'],
      },
      async (client, options) =>
        client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: this.#bucket }), options),
    );
    return found === 'unsupported' ? found : (found?.Rules ?? []);
  }

  /** Replaces all rules. */
  async setLifecycle(rules: readonly LifecycleRule[]): Promise<'unsupported' | undefined> {
    const configuration = { Rules: [...rules] };
    const answer = await this.#ask(
      { verb: 'set the lifecycle of', permission: 's3:PutLifecycleConfiguration' },
      async (client, options) =>
        client.send(
          new PutBucketLifecycleConfigurationCommand({
            Bucket: this.#bucket,
            LifecycleConfiguration: configuration,
          }),
          options,
        ),
    );
    return answer === 'unsupported' ? answer : undefined;
  }

  async #ask<T>({ verb, permission, absent = [] }: Question, send: Send<T>): Promise<T | 'unsupported' | undefined> {
    const action = { verb, permission, bucket: this.#bucket, key: '' };
    return this.#connection.run(action, undefined, async ({ client, signal }) => {
      try {
        return await send(client, { abortSignal: signal });
      } catch (error) {
        if (absent.includes(readS3Error(error).name)) return undefined;
        if (isUnknownQuestion(error)) return 'unsupported';
        throw error;
      }
    });
  }
}

/** The SDK lists the regions that it knew when it was made; the server knows them all. */
function regionName(region: string): BucketLocationConstraint {
  return region as BucketLocationConstraint;
}
