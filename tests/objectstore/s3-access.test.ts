/** How S3 is reached and who may: certificates, proxies, roles, permissions, clocks, encryption. On a real MinIO. */

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  CreateBucketCommand,
  HeadObjectCommand,
  PutObjectLockConfigurationCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { S3Credentials, S3Location } from '../../src/storage/s3/s3-location.ts';
import { openStore } from '../../src/storage/open.ts';
import { FaultProxy, s3Error, type ProxiedRequest } from '../support/fault-proxy.ts';
import { itIsReachedSafely } from '../support/encrypted-way.ts';
import { startMinio } from '../support/minio.ts';
import { freePort } from '../support/programs.ts';

const MIB = 1024 * 1024;
const KMS_KEY = 'walkback-key';
const ROLE = 'arn:aws:iam::123456789012:role/backup';

const started = await startMinio({ kmsKeyId: KMS_KEY });
const server = started?.kind === 'minio' ? started : undefined;
const encrypted = server === undefined ? undefined : await startMinio({ isEncrypted: true });

afterAll(async () => {
  await started?.[Symbol.asyncDispose]();
  await encrypted?.[Symbol.asyncDispose]();
});

function real(): { plain: NonNullable<typeof server>; tls: NonNullable<typeof encrypted> } {
  if (server === undefined || encrypted === undefined) throw new Error('there is no MinIO');
  return { plain: server, tls: encrypted };
}

function clientOf({ endpoint, credentials }: S3Location): S3Client {
  const config: S3ClientConfig = { region: 'us-east-1', forcePathStyle: true };
  return new S3Client({
    ...config,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(credentials === undefined ? {} : { credentials }),
  });
}

/** Credentials that MinIO's STS gives for a while, with less than all rights if a policy says so. */
async function temporary(statements?: readonly object[]): Promise<S3Credentials> {
  const { endpoint, credentials } = real().plain;
  const policy =
    statements === undefined ? {} : { Policy: JSON.stringify({ Version: '2012-10-17', Statement: statements }) };
  const given = await fromTemporaryCredentials({
    masterCredentials: credentials,
    params: { RoleArn: ROLE, RoleSessionName: 'test', DurationSeconds: 900, ...policy },
    clientConfig: { endpoint, region: 'us-east-1' },
  })();
  const { accessKeyId, secretAccessKey, sessionToken = '' } = given;
  return { accessKeyId, secretAccessKey, sessionToken };
}

describe.skipIf(server === undefined)('an encrypted way to S3', () => {
  itIsReachedSafely({
    secure: (over) => real().tls.newBucket({ maxPartSizeBytes: 5 * MIB, ...over }),
    untrusted: async () => {
      const { caFile: _, ...untrusted } = await real().tls.newBucket();
      return untrusted;
    },
    plain: (over) => real().plain.newBucket(over),
    largeBytes: 11 * MIB,
  });
});

describe.skipIf(server === undefined)('encryption by S3', () => {
  const body = randomBytes(6 * MIB);

  it("with the customer's key is needed for reading too, in one piece and in parts", async () => {
    const location = await real().tls.newBucket({ maxPartSizeBytes: 5 * MIB });
    const key = randomBytes(32).toString('base64');
    const store = await openStore({ ...location, encryption: { kind: 'customer', key } });
    await store.put('small', Buffer.from('x'), { ifAbsent: true });
    await store.put('large', body, { ifAbsent: true });
    expect(await store.put('large', body, { ifAbsent: true })).toBe('exists');
    expect((await store.get('small'))?.toString()).toBe('x');
    expect((await store.get('large'))?.equals(body)).toBe(true);
    expect((await store.stat('large'))?.sizeBytes).toBe(body.byteLength);
    const other = { kind: 'customer', key: randomBytes(32).toString('base64') } as const;
    for (const wrong of [location, { ...location, encryption: other }]) {
      const error: unknown = await (await openStore(wrong)).get('large').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: 'denied', remedy: expect.stringContaining('S3_SSE_C') });
      expect(String(error)).not.toContain(key);
    }
  });

  it.each([
    ['its own key', { kind: 'AES256' } as const, { ServerSideEncryption: 'AES256' }],
    ['the key service', { kind: 'aws:kms', keyId: KMS_KEY } as const, { ServerSideEncryption: 'aws:kms' }],
  ])('with %s is what the objects have', async (_name, encryption, expected) => {
    const location = await real().plain.newBucket({ maxPartSizeBytes: 5 * MIB, encryption });
    const store = await openStore(location);
    await store.put('small', Buffer.from('x'));
    await store.put('large', body);
    expect((await store.get('large'))?.equals(body)).toBe(true);
    for (const name of ['small', 'large']) {
      const place = { Bucket: location.bucket, Key: `archives/one/${name}` };
      expect(await clientOf(location).send(new HeadObjectCommand(place))).toMatchObject(expected);
    }
  });

  it('with a key that the key service does not have is refused by name', async () => {
    const location = await real().plain.newBucket({ encryption: { kind: 'aws:kms', keyId: 'nobodys' } });
    await expect((await openStore(location)).put('k', Buffer.from('x'))).rejects.toMatchObject({ kind: 'denied' });
  });
});

describe.skipIf(server === undefined)('a storage class of S3', () => {
  it('is what the objects have that are stored with it, in one piece and in parts, and no others', async () => {
    const location = await real().plain.newBucket({ maxPartSizeBytes: 5 * MIB });
    const store = await openStore({ ...location, storageClass: 'REDUCED_REDUNDANCY' });
    const body = randomBytes(6 * MIB);
    await store.put('small', Buffer.from('x'));
    await store.put('large', body);
    await (await openStore(location)).put('usual', Buffer.from('x'));
    const headOf = async (name: string) =>
      clientOf(location).send(new HeadObjectCommand({ Bucket: location.bucket, Key: `archives/one/${name}` }));
    for (const name of ['small', 'large'])
      expect(await headOf(name)).toMatchObject({ StorageClass: 'REDUCED_REDUNDANCY' });
    expect((await headOf('large')).ETag).toMatch(/-2"$/);
    expect((await headOf('usual')).StorageClass).not.toBe('REDUCED_REDUNDANCY');
    expect((await store.get('large'))?.equals(body)).toBe(true);
  });
});

describe.skipIf(server === undefined)('a role for S3', () => {
  it('is assumed with the credentials, and again when what it gave is refused', async () => {
    await using proxy = await FaultProxy.start(real().plain.endpoint);
    const location = await real().plain.newBucket();
    const role = { arn: ROLE, sessionName: 'walkback', stsEndpoint: proxy.endpoint };
    const store = await openStore({ ...location, endpoint: proxy.endpoint, role });
    const isToSts = ({ method, path }: { method: string; path: string }): boolean => method === 'POST' && path === '/';
    await store.put('k', Buffer.from('x'));
    expect(proxy.count(isToSts)).toBe(1);
    proxy.inject({ when: ({ method }) => method === 'GET', times: 1, fault: s3Error(400, 'ExpiredToken') });
    expect((await store.get('k'))?.toString()).toBe('x');
    expect(proxy.count(isToSts)).toBe(2);
    proxy.inject({ when: ({ method }) => method === 'GET', fault: s3Error(400, 'ExpiredToken') });
    await expect(store.get('k')).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining('ExpiredToken'),
    });
  });

  it("is assumed by a web identity, whose token's file is read anew each time", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'walkback-identity-'));
    const tokens: string[] = [];
    const credentials = await temporary();
    const sts = createServer((request, response) => {
      let form = '';
      request.on('data', (piece: Buffer) => (form += piece.toString()));
      request.on('end', () => {
        tokens.push(new URLSearchParams(form).get('WebIdentityToken') ?? '');
        response.end(
          `<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>${credentials.accessKeyId}</AccessKeyId><SecretAccessKey>${credentials.secretAccessKey}</SecretAccessKey><SessionToken>${credentials.sessionToken ?? ''}</SessionToken><Expiration>${new Date(Date.now() + 1000).toISOString()}</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>`,
        );
      });
    });
    const port = await freePort();
    sts.listen(port, '127.0.0.1');
    try {
      const webIdentityTokenFile = join(folder, 'token');
      const { credentials: _, ...location } = await real().plain.newBucket();
      const role = {
        arn: ROLE,
        sessionName: 'walkback',
        webIdentityTokenFile,
        stsEndpoint: `http://127.0.0.1:${port}`,
      };
      await writeFile(webIdentityTokenFile, 'first');
      const store = await openStore({ ...location, role });
      await store.put('k', Buffer.from('x'));
      await writeFile(webIdentityTokenFile, 'second');
      expect((await store.get('k'))?.toString()).toBe('x');
      expect(tokens[0]).toBe('first');
      expect(tokens.at(-1)).toBe('second');
    } finally {
      sts.close();
      sts.closeAllConnections();
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe.skipIf(server === undefined)('credentials for S3 that the SDK finds in a file', () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'walkback-credentials-'));
    vi.stubEnv('AWS_SHARED_CREDENTIALS_FILE', join(folder, 'credentials'));
    vi.stubEnv('AWS_CONFIG_FILE', join(folder, 'config'));
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    for (const name of ['AWS_PROFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']) vi.stubEnv(name, undefined);
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true, force: true });
  });

  async function writeCredentials({ accessKeyId, secretAccessKey, sessionToken }: S3Credentials): Promise<void> {
    const token = sessionToken === undefined ? '' : `aws_session_token = ${sessionToken}\n`;
    const keys = `aws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
    await writeFile(join(folder, 'credentials'), `[default]\n${keys}${token}`);
  }

  const withoutSecret = (credentials: S3Credentials): S3Credentials => ({ ...credentials, secretAccessKey: 'former' });

  it.each([
    ['InvalidAccessKeyId', () => ({ accessKeyId: 'former', secretAccessKey: 'former' })],
    ['SignatureDoesNotMatch', () => withoutSecret(real().plain.credentials)],
  ])('are read anew when they are refused with %s', async (code, former) => {
    await writeCredentials(former());
    const { credentials: _, ...location } = await real().plain.newBucket();
    const store = await openStore(location);
    await expect(store.put('k', Buffer.from('x'))).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining(code),
    });
    await writeCredentials(await temporary());
    expect(await store.put('k', Buffer.from('x'))).toBe('written');
  });

  it('are read anew when their session has ended, once for each call that is refused', async () => {
    await using proxy = await FaultProxy.start(real().plain.endpoint);
    const { credentials: _, ...location } = await real().plain.newBucket();
    const [former, next] = [await temporary(), await temporary()];
    await writeCredentials(former);
    const store = await openStore({ ...location, endpoint: proxy.endpoint });
    await store.put('k', Buffer.from('x'));
    const isFormer = ({ headers }: ProxiedRequest): boolean =>
      String(headers['authorization']).includes(former.accessKeyId);
    proxy.inject({ when: isFormer, fault: s3Error(400, 'ExpiredToken') });
    proxy.requests.length = 0;
    await expect(store.get('k')).rejects.toMatchObject({ kind: 'denied' });
    expect(proxy.requests).toHaveLength(2);
    await writeCredentials(next);
    expect((await store.get('k'))?.toString()).toBe('x');
    expect(proxy.requests).toHaveLength(4);
  });

  it('are read anew for the role too that they may assume, when STS does not know them any more', async () => {
    await using proxy = await FaultProxy.start(real().plain.endpoint);
    const { credentials: _, ...location } = await real().plain.newBucket();
    const isFormer = ({ headers }: ProxiedRequest): boolean => String(headers['authorization']).includes('=former/');
    const body = '<ErrorResponse><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code></Error></ErrorResponse>';
    proxy.inject({ when: isFormer, fault: { kind: 'answer', status: 403, body } });
    await writeCredentials({ accessKeyId: 'former', secretAccessKey: 'former' });
    const role = { arn: ROLE, sessionName: 'walkback', stsEndpoint: proxy.endpoint };
    const store = await openStore({ ...location, role });
    await expect(store.put('k', Buffer.from('x'))).rejects.toMatchObject({ kind: 'denied' });
    await writeCredentials(real().plain.credentials);
    expect(await store.put('k', Buffer.from('x'))).toBe('written');
  });
});

describe.skipIf(server === undefined)('a permission for S3 that is missing', () => {
  it.each([
    ['s3:PutObject', ['s3:GetObject', 's3:ListBucket']],
    ['s3:ListBucket', ['s3:GetObject', 's3:PutObject']],
    ['s3:GetObject', ['s3:PutObject', 's3:ListBucket']],
    ['s3:DeleteObject', ['s3:GetObject', 's3:PutObject', 's3:ListBucket']],
  ])('is named: %s', async (missing, granted) => {
    const location = await real().plain.newBucket();
    await (await openStore(location)).put('k', Buffer.from('x'));
    const credentials = await temporary([{ Effect: 'Allow', Action: granted, Resource: ['arn:aws:s3:::*'] }]);
    const store = await openStore({ ...location, credentials });
    const denied: Record<string, () => Promise<unknown>> = {
      's3:PutObject': async () => store.put('n', Buffer.from('x')),
      's3:ListBucket': async () => Array.fromAsync(store.list('')),
      's3:GetObject': async () => store.get('k'),
      's3:DeleteObject': async () => store.delete(['k']),
    };
    await expect(denied[missing]?.()).rejects.toMatchObject({
      kind: 'denied',
      message: expect.stringContaining(`${missing} on the bucket "${location.bucket}" is denied`),
    });
  });
});

describe.skipIf(server === undefined)("this machine's clock", () => {
  afterEach(() => vi.useRealTimers());

  it('that is an hour off is put right by what the store says, for signatures only', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
    const location = { ...(await bucketAtTheRightTime()) };
    const store = await openStore(location, { attemptIdleMs: 1_000, callMs: 10_000 });
    await store.put('k', Buffer.from('x'));
    expect((await store.get('k'))?.toString()).toBe('x');
  });

  async function bucketAtTheRightTime(): Promise<S3Location> {
    const off = Date.now();
    vi.useRealTimers();
    const location = await real().plain.newBucket();
    vi.useFakeTimers({ toFake: ['Date'], now: off });
    return location;
  }
});

describe.skipIf(server === undefined)('a bucket that keeps versions under a lock', () => {
  it('takes writes, overwrites and deletes, and lists what is there now', async () => {
    const location = { ...(await real().plain.newBucket()), bucket: `walkback-${randomBytes(6).toString('hex')}` };
    const client = clientOf(location);
    await client.send(new CreateBucketCommand({ Bucket: location.bucket, ObjectLockEnabledForBucket: true }));
    const Rule = { DefaultRetention: { Mode: 'COMPLIANCE', Days: 1 } } as const;
    const lock = { ObjectLockEnabled: 'Enabled', Rule } as const;
    await client.send(
      new PutObjectLockConfigurationCommand({ Bucket: location.bucket, ObjectLockConfiguration: lock }),
    );
    const store = await openStore({ ...location, maxPartSizeBytes: 5 * MIB });
    for (const text of ['one', 'two']) await store.put('k', Buffer.from(text));
    await store.put('large', randomBytes(6 * MIB));
    expect((await store.get('k'))?.toString()).toBe('two');
    await store.delete(['k']);
    expect(await store.get('k')).toBeUndefined();
    expect((await Array.fromAsync(store.list(''))).map(({ key }) => key)).toEqual(['large']);
    expect(await store.put('k', Buffer.from('three'), { ifAbsent: true })).toBe('written');
    expect((await store.get('k'))?.toString()).toBe('three');
  });

  it('locks what is written for as long as it is told, in one piece and in parts', async () => {
    const location = { ...(await real().plain.newBucket()), bucket: `walkback-${randomBytes(6).toString('hex')}` };
    const client = clientOf(location);
    await client.send(new CreateBucketCommand({ Bucket: location.bucket, ObjectLockEnabledForBucket: true }));
    const retention = { mode: 'GOVERNANCE', seconds: 3600 } as const;
    const store = await openStore({ ...location, maxPartSizeBytes: 5 * MIB, retention });
    await store.put('small', Buffer.from('x'), { ifAbsent: true });
    await store.put('large', randomBytes(6 * MIB));
    for (const name of ['small', 'large']) {
      const place = { Bucket: location.bucket, Key: `archives/one/${name}` };
      const { ObjectLockMode: mode, ObjectLockRetainUntilDate: until } = await client.send(
        new HeadObjectCommand(place),
      );
      expect(mode).toBe('GOVERNANCE');
      expect(Math.abs((until?.getTime() ?? 0) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    }
  });
});
