/** What becomes of deleted objects in buckets that keep versions, and that lock them. */

import { CreateBucketCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { RateLimiter } from '../../src/base/rate-limiter.ts';
import { limitedStore } from '../../src/storage/limited-store.ts';
import { openStore } from '../../src/storage/open.ts';
import type { S3Location } from '../../src/storage/s3/s3-location.ts';
import { startMinio } from '../support/minio.ts';

const server = await startMinio();
afterAll(async () => server?.[Symbol.asyncDispose]());

describe.skipIf(server === undefined)(`what becomes of what is deleted (${server?.kind ?? 'no server'})`, () => {
  let location: S3Location;
  let client: S3Client;
  beforeAll(async () => {
    if (server === undefined) throw new Error('there is no S3 server');
    location = await server.newBucket();
    const { endpoint, credentials } = server;
    client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
  });
  afterAll(() => client.destroy());

  it('is told: gone, kept as versions, or locked', async () => {
    const store = await openStore(location);
    expect(await store.afterDeletion?.()).toBe('gone');
    await client.send(
      new PutBucketVersioningCommand({
        Bucket: location.bucket,
        VersioningConfiguration: { Status: 'Enabled' },
      }),
    );
    expect(await store.afterDeletion?.()).toBe('versions');
    expect(await limitedStore(store, new RateLimiter(1e9)).afterDeletion?.()).toBe('versions');
    const bucket = `${location.bucket}-locked`;
    await client.send(new CreateBucketCommand({ Bucket: bucket, ObjectLockEnabledForBucket: true }));
    const locked = await openStore({ ...location, bucket });
    expect(await locked.afterDeletion?.()).toBe('locked');
    await Promise.all([locked.close(), store.close()]);
  });
});
