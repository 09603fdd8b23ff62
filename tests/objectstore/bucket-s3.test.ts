/** Buckets are provided on MinIO with its users, on moto with those of IAM, and on versitygw, which is none that is known. */

import { existsSync } from 'node:fs';

import {
  CreateBucketCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, describe, expect, it } from 'vitest';

import { startMinio } from '../support/minio.ts';
import { startMoto } from '../support/moto.ts';
import { dueIn, newBucketName, onlySecret, Provisioning } from '../support/provisioning.ts';
import { startVersitygw } from '../support/versitygw.ts';

interface Asker {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

const environment = (endpoint: string, asker: Asker, bucket: string): Record<string, string> => ({
  WALG_S3_PREFIX: `s3://${bucket}/shop`,
  AWS_ENDPOINT: endpoint,
  AWS_S3_FORCE_PATH_STYLE: 'true',
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: asker.accessKeyId,
  AWS_SECRET_ACCESS_KEY: asker.secretAccessKey,
  WALKBACK_STORE_CALL_TIMEOUT: '30s',
});

const keyIn = (secret: Readonly<Record<string, string>>, prefix = ''): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: secret[`${prefix}AWS_ACCESS_KEY_ID`] ?? '',
  AWS_SECRET_ACCESS_KEY: secret[`${prefix}AWS_SECRET_ACCESS_KEY`] ?? '',
});

function clientOf(endpoint: string, credentials: Asker): S3Client {
  return new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
}

/** What every server with users shows. */
async function provesLimits(work: Provisioning, other: Provisioning, options = {}): Promise<void> {
  const first = await work.run(options);
  await other.run(options);
  const secret = onlySecret(first);
  expect(first.report.proven).toEqual(['writer', 'viewer']);
  expect(Object.keys(secret).toSorted()).toEqual([
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
    'bucket_name',
    'viewer_AWS_ACCESS_KEY_ID',
    'viewer_AWS_SECRET_ACCESS_KEY',
  ]);
  for (const value of [secret['AWS_SECRET_ACCESS_KEY'], secret['viewer_AWS_SECRET_ACCESS_KEY']])
    expect(JSON.stringify([first.plan, first.report])).not.toContain(value);
  const writer = await work.store(keyIn(secret));
  const viewer = await work.store(keyIn(secret, 'viewer_'));
  const stranger = await other.store(keyIn(secret));
  expect(await writer.afterDeletion?.()).toBe('versions');
  await writer.put('a', Buffer.from('one'));
  expect((await viewer.get('a'))?.toString()).toBe('one');
  await expect(viewer.put('b', Buffer.from('x'))).rejects.toMatchObject({ kind: 'denied' });
  await expect(viewer.delete(['a'])).rejects.toMatchObject({ kind: 'denied' });
  await expect(stranger.listFolder('')).rejects.toMatchObject({ kind: 'denied' });
  await expect(stranger.put('a', Buffer.from('x'))).rejects.toMatchObject({ kind: 'denied' });
  // moto looks for the right to delete several objects on the bucket, where AWS has it on each object.
  if (!('accounts' in options)) {
    await writer.delete(['a']);
    expect(await viewer.get('a')).toBeUndefined();
  }
  await Promise.all([writer.close(), viewer.close(), stranger.close()]);
  const second = await work.run(options);
  expect(second.report.done).toEqual([]);
  expect(onlySecret(second)).toEqual(secret);
}

const minio = await startMinio();
const moto = await startMoto();
const versitygw = await startVersitygw();
afterAll(async () => {
  for (const server of [minio, moto, versitygw]) await server?.[Symbol.asyncDispose]();
});

describe.skipIf(minio?.kind !== 'minio')('a bucket of MinIO', () => {
  const begin = async (bucket = newBucketName()) =>
    Provisioning.begin(
      environment(minio?.endpoint ?? '', minio?.credentials ?? { accessKeyId: '', secretAccessKey: '' }, bucket),
    );

  it('is created once, with users that can use it alone', async () => {
    await using work = await begin();
    await using other = await begin();
    await provesLimits(work, other);
    // MinIO has no block of public access; nobody is told that it was set.
    await using third = await begin();
    expect((await third.run()).report.done).not.toContain('closeToPublic');
  });

  it('keeps versions, and a lifecycle that expires nothing current, beside the rules of others', async () => {
    if (minio === undefined) throw new Error('there is no MinIO');
    const bucket = newBucketName();
    const client = clientOf(minio.endpoint, minio.credentials);
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    await client.send(new PutObjectCommand({ Bucket: bucket, Key: 'theirs', Body: 'x' }));
    const logs = { ID: 'logs', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 3 } } as const;
    await client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration: { Rules: [logs] } }),
    );
    await using work = await begin(bucket);
    expect((await work.run()).report.done).not.toContain('createBucket');
    expect(await client.send(new GetBucketVersioningCommand({ Bucket: bucket }))).toMatchObject({ Status: 'Enabled' });
    const { Rules: rules } = await client.send(new GetBucketLifecycleConfigurationCommand({ Bucket: bucket }));
    expect(rules).toMatchObject([
      logs,
      { ID: 'walkback-versions shop/', NoncurrentVersionExpiration: { NoncurrentDays: 30 } },
    ]);
    await client.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: bucket,
        LifecycleConfiguration: { Rules: [{ ...logs, ID: 'all', Filter: { Prefix: '' } }] },
      }),
    );
    await expect(work.run()).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining('(all)') });
    client.destroy();
  });

  it('gets new secrets, which end the former ones; a lost Secret is not made good without being asked', async () => {
    const bucket = newBucketName();
    await using work = await begin(bucket);
    const former = onlySecret(await work.run());
    await using elsewhere = await begin(bucket);
    await expect(elsewhere.run()).rejects.toMatchObject({
      kind: 'conflict',
      remedy: expect.stringContaining('--rotate'),
    });
    const fresh = await work.run({ isRotating: true });
    expect(fresh.plan.notes.join()).toContain('at once');
    const before = await work.store(keyIn(former));
    await expect(before.listFolder('')).rejects.toMatchObject({ kind: 'denied' });
    await before.close();
    expect(fresh.report.proven).toEqual(['writer', 'viewer']);
  });

  it("leaves another user's secret in the Secret until it is asked to", async () => {
    const bucket = newBucketName();
    await using work = await begin(bucket);
    const theirs = onlySecret(await work.run());
    await expect(work.run({ writer: `other-${bucket}` })).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('holds credentials of the writer'),
    });
    expect(onlySecret(await work.run())).toEqual(theirs);
    const replaced = onlySecret(await work.run({ writer: `other-${bucket}`, isRotating: true }));
    expect(replaced['AWS_ACCESS_KEY_ID']).toBe(`other-${bucket}`);
  });

  it("leaves somebody else's policy alone: one of MinIO's own, one of another bucket", async () => {
    await using one = await begin();
    await using other = await begin();
    const taken = { kind: 'conflict', remedy: expect.stringContaining('--writer') };
    await expect(one.run({ writer: 'readwrite' })).rejects.toMatchObject(taken);
    const held = onlySecret(await one.run());
    await expect(other.run({ writer: held['AWS_ACCESS_KEY_ID'], isRotating: true })).rejects.toMatchObject(taken);
    const writer = await one.store(keyIn(held));
    await writer.put('a', Buffer.from('one'));
    await writer.close();
  });

  it('names what a user without rights lacks', async () => {
    await using work = await begin();
    const secret = onlySecret(await work.run());
    await using poor = await Provisioning.begin({ ...work.environment, ...keyIn(secret) });
    await expect(poor.run()).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('admin:GetUser and admin:GetPolicy'),
    });
  });
});

describe.skipIf(moto === undefined)('a bucket beside IAM (moto)', () => {
  const nobody = { accessKeyId: '', secretAccessKey: '' };
  const begin = async (asker: Asker = moto?.administrator ?? nobody, bucket = newBucketName()) =>
    Provisioning.begin(environment(moto?.endpoint ?? '', asker, bucket));
  const iam = { accounts: 'iam' } as const;

  it('is created once, with users that can use it alone', async () => {
    await using work = await begin();
    await using other = await begin();
    await provesLimits(work, other, iam);
  });

  it('gets new keys beside the former ones, which end when that is asked for', async () => {
    await using work = await begin();
    const former = onlySecret(await work.run(iam));
    const fresh = onlySecret(await work.run({ ...iam, isRotating: true }));
    await expect(work.run({ ...iam, isRotating: true })).rejects.toMatchObject({
      kind: 'conflict',
      remedy: expect.stringContaining('--end-former'),
    });
    const [before, after] = [await work.store(keyIn(former)), await work.store(keyIn(fresh))];
    await before.put('a', Buffer.from('with the former'));
    expect((await work.run({ ...iam, isEndingFormer: true })).report.done).toEqual([
      'endKeys:writer',
      'endKeys:viewer',
    ]);
    await expect(before.listFolder('')).rejects.toMatchObject({ kind: 'denied' });
    expect((await after.get('a'))?.toString()).toBe('with the former');
    await Promise.all([before.close(), after.close()]);
  });

  it("leaves another user's key in the Secret until it is asked to", async () => {
    const bucket = newBucketName();
    await using work = await begin(undefined, bucket);
    const theirs = onlySecret(await work.run(iam));
    const other = { ...iam, writer: `other-${bucket}` };
    await expect(work.run(other)).rejects.toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('holds credentials of the writer'),
      remedy: expect.stringContaining('--rotate'),
    });
    expect(onlySecret(await work.run(iam))).toEqual(theirs);
    const replaced = onlySecret(await work.run({ ...other, isRotating: true }));
    expect(replaced['AWS_ACCESS_KEY_ID']).not.toBe(theirs['AWS_ACCESS_KEY_ID']);
    expect(replaced['viewer_AWS_ACCESS_KEY_ID']).not.toBe(theirs['viewer_AWS_ACCESS_KEY_ID']);
  });

  it('names every permission that is missing, with the lines to type, when all else is done', async () => {
    const bucket = newBucketName();
    const limited = await moto?.newUser(`limited-${bucket}`, [
      's3:CreateBucket',
      // moto's own name of what AWS allows with s3:ListBucket.
      's3:HeadBucket',
      's3:ListBucket',
      's3:GetBucketVersioning',
      's3:PutBucketVersioning',
      's3:GetLifecycleConfiguration',
      's3:GetBucketPublicAccessBlock',
      's3:PutBucketPublicAccessBlock',
      'iam:GetUser',
    ]);
    await using poor = await begin(limited, bucket);
    const failed = poor.run(iam);
    await expect(failed).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('iam:CreateUser'),
      remedy: expect.stringContaining(`create-user --user-name sa-${bucket}`),
    });
    await expect(failed).rejects.toMatchObject({
      message: expect.stringContaining('s3:PutLifecycleConfiguration'),
      remedy: expect.stringContaining(`put-bucket-lifecycle-configuration --bucket ${bucket}`),
    });
    await expect(failed).rejects.toMatchObject({
      remedy: expect.stringContaining(
        `create secret generic s3-${bucket}-access-key --from-literal=bucket_name=… --from-literal=AWS_ACCESS_KEY_ID=… --from-literal=AWS_SECRET_ACCESS_KEY=… --from-literal=viewer_AWS_ACCESS_KEY_ID=…`,
      ),
    });
    await using rich = await begin(undefined, bucket);
    expect(dueIn(await rich.plan(iam))).not.toContain('createBucket');
    expect(dueIn(await rich.plan(iam))).not.toContain('keepVersions');
  });

  it('says what to type, the Secret too, to who may not even look for the bucket', async () => {
    const bucket = newBucketName();
    await using poor = await begin(await moto?.newUser(`blind-${bucket}`, ['iam:GetUser']), bucket);
    const failed = poor.plan(iam);
    for (const line of [
      `create-bucket --bucket ${bucket}`,
      `put-bucket-versioning --bucket ${bucket}`,
      `create-user --user-name sa-${bucket}`,
      `put-user-policy --user-name ro-${bucket}`,
      `create secret generic s3-${bucket}-access-key --from-literal=bucket_name=…`,
    ])
      await expect(failed).rejects.toMatchObject({
        kind: 'denied',
        message: expect.stringContaining('cannot look for the bucket'),
        remedy: expect.stringContaining(line),
      });
  });
});

describe.skipIf(versitygw === undefined)('a bucket of a server that is not known (versitygw)', () => {
  it('is refused until it is said which accounts it has: the given key is put into no Secret unasked', async () => {
    if (versitygw === undefined) throw new Error('there is no versitygw');
    await using work = await Provisioning.begin(
      environment(versitygw.endpoint, versitygw.credentials, newBucketName()),
    );
    await expect(work.run()).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('VERSITYGW'),
      remedy: expect.stringContaining('--accounts none'),
    });
    expect(existsSync(work.secretFile)).toBe(false);
  });

  it('gets the given key for both roles if it is said to have no users, and says so', async () => {
    const none = { accounts: 'none' } as const;
    if (versitygw === undefined) throw new Error('there is no versitygw');
    await using work = await Provisioning.begin(
      environment(versitygw.endpoint, versitygw.credentials, newBucketName()),
    );
    const { report, plan, secrets } = await work.run(none);
    expect(plan.notes.join()).toContain('writer and viewer both get the key that was given');
    expect([...secrets.values()]).toMatchObject([{ AWS_ACCESS_KEY_ID: versitygw.credentials.accessKeyId }]);
    expect(report.proven).toEqual(['writer', 'viewer']);
    expect((await work.run(none)).report.done).toEqual([]);
  });
});
