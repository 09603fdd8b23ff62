import { describe, expect, it } from 'vitest';

import { loadSettings } from '../config/load-settings.ts';
import { storeLocation } from './store-location.ts';

const locate = async (environment: Record<string, string>) =>
  storeLocation(await loadSettings({ environment, workingDirectory: '/' }));

describe('how a store in S3 is reached', () => {
  it('comes from the variables of WAL-G and AWS', async () => {
    const location = await locate({
      WALG_S3_PREFIX: 's3://b/x',
      AWS_ACCESS_KEY_ID: ' id ',
      AWS_SECRET_ACCESS_KEY: 'key\n',
      AWS_SESSION_TOKEN: 'token',
      AWS_REGION: 'ca-central-1',
      WALG_AWS_ENDPOINT: 'https://minio:9000',
      AWS_S3_FORCE_PATH_STYLE: 'true',
      WALE_S3_STORAGE_CLASS: 'STANDARD_IA',
      WALG_S3_CA_CERT_FILE: '/etc/ca.pem',
      WALG_S3_MAX_PART_SIZE: '10485760',
    });
    expect(location).toEqual({
      kind: 's3',
      bucket: 'b',
      prefix: 'x',
      region: 'ca-central-1',
      endpoint: 'https://minio:9000',
      forcePathStyle: true,
      credentials: { accessKeyId: 'id', secretAccessKey: 'key', sessionToken: 'token' },
      storageClass: 'STANDARD_IA',
      caFile: '/etc/ca.pem',
      maxPartSizeBytes: 10_485_760,
      isDualStack: false,
    });
  });

  it('leaves credentials to the AWS chain when neither half is set', async () => {
    expect(await locate({ WALG_S3_PREFIX: 's3://b' })).not.toHaveProperty('credentials');
  });

  it.each([
    [{ AWS_ACCESS_KEY: 'id' }, 'AWS_ACCESS_KEY is set and AWS_SECRET_ACCESS_KEY is not'],
    [{ AWS_SECRET_KEY: 'hunter2' }, 'AWS_SECRET_KEY is set and AWS_ACCESS_KEY_ID is not'],
  ])('is refused with half of the credentials, %j', async (half, found) => {
    const refusal = locate({ WALG_S3_PREFIX: 's3://b', ...half });
    await expect(refusal).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining(found) });
    await expect(refusal).rejects.not.toThrow(/hunter2/);
  });
});

describe("WAL-G's variables of S3 that are not supported", () => {
  it.each(['S3_ENDPOINT_SOURCE', 'WALG_S3_REQUEST_ADDITIONAL_HEADERS', 'S3_USE_LIST_OBJECTS_V1'])(
    'are refused by their names: %s',
    async (name) => {
      const refusal = locate({ WALG_S3_PREFIX: 's3://b', [name]: 'true or hunter2' });
      await expect(refusal).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining(name) });
      await expect(refusal).rejects.not.toThrow(/hunter2/);
      expect(await locate({ WALG_S3_PREFIX: 's3://b', [name]: 'false' })).toMatchObject({ kind: 's3' });
      expect(await locate({ WALG_GS_PREFIX: 'gs://b', [name]: 'true' })).toMatchObject({ kind: 'gcs' });
    },
  );
});

describe('how Google Cloud Storage is reached', () => {
  it("comes from Google's variables and WAL-G's", async () => {
    const location = await locate({
      WALG_GS_PREFIX: 'gs://b/x',
      GOOGLE_APPLICATION_CREDENTIALS: '/etc/google.json',
      WALG_GCS_MAX_CHUNK_SIZE: '52428801',
      GCS_ENCRYPTION_KEY: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
      HTTPS_PROXY: 'http://proxy:3128',
      NO_PROXY: 'localhost',
    });
    expect(location).toEqual({
      kind: 'gcs',
      bucket: 'b',
      prefix: 'x',
      credentials: { kind: 'file', path: '/etc/google.json' },
      chunkSizeBytes: 52_428_800,
      encryptionKey: 'MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=',
      proxy: { https: 'http://proxy:3128', except: 'localhost' },
    });
  });

  it('asks an emulator without credentials, and the machine where nothing is set', async () => {
    expect(await locate({ WALG_GS_PREFIX: 'gs://b', STORAGE_EMULATOR_HOST: '127.0.0.1:4443' })).toMatchObject({
      endpoint: 'http://127.0.0.1:4443',
      credentials: { kind: 'anonymous' },
    });
    expect(await locate({ WALG_GS_PREFIX: 'gs://b' })).toMatchObject({ credentials: { kind: 'default' } });
  });

  it('is refused with a key that is no key, without showing it', async () => {
    const refusal = locate({ WALG_GS_PREFIX: 'gs://b', GCS_ENCRYPTION_KEY: 'hunter2' });
    await expect(refusal).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining('32 bytes') });
    await expect(refusal).rejects.not.toThrow(/hunter2/);
  });
});

describe('how Azure Blob Storage is reached', () => {
  const account = { WALG_AZ_PREFIX: 'azure://c/x', AZURE_STORAGE_ACCOUNT: 'shop' };

  it('is as the webhook of workload identity says, in the cloud that is named', async () => {
    const location = await locate({
      ...account,
      AZURE_ENVIRONMENT_NAME: 'AzureUSGovernmentCloud',
      AZURE_TENANT_ID: 'tenant',
      AZURE_CLIENT_ID: 'client',
      AZURE_FEDERATED_TOKEN_FILE: '/run/token',
      AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/',
    });
    expect(location).toMatchObject({
      endpoint: 'https://shop.blob.core.usgovcloudapi.net',
      credentials: [
        {
          kind: 'application',
          tenantId: 'tenant',
          clientId: 'client',
          proof: { kind: 'federatedToken', file: '/run/token' },
          authority: 'https://login.microsoftonline.us/',
        },
      ],
    });
  });

  it("asks the machine where Azure's variables say, then az, if nothing else is set", async () => {
    const service = { IDENTITY_ENDPOINT: 'http://127.0.0.1:41000/msi/token', IDENTITY_HEADER: 'hunter2' };
    expect(await locate({ ...account, ...service })).toMatchObject({
      credentials: [
        { kind: 'managed', endpoint: 'http://127.0.0.1:41000/msi/token', endpointHeader: 'hunter2' },
        { kind: 'cli' },
      ],
    });
    const pod = { AZURE_POD_IDENTITY_AUTHORITY_HOST: 'http://127.0.0.1:2579', AZURE_CLIENT_ID: 'client' };
    expect(await locate({ ...account, ...pod })).toMatchObject({
      credentials: [{ kind: 'managed', metadataHost: 'http://127.0.0.1:2579', clientId: 'client' }, { kind: 'cli' }],
    });
  });

  it('is refused with half an application', async () => {
    const half = { ...account, AZURE_CLIENT_SECRET: 'hunter2', AZURE_CLIENT_ID: 'client' };
    await expect(locate(half)).rejects.toMatchObject({
      message: expect.stringContaining('AZURE_TENANT_ID is not set'),
    });
    await expect(locate(half)).rejects.not.toThrow(/hunter2/);
  });
});

describe('encryption by the store', () => {
  const s3 = { WALG_S3_PREFIX: 's3://b' };
  const key = '0123456789abcdef0123456789abcdef';

  it.each([
    [{ S3_SSE: 'AES256' }, { kind: 'AES256' }],
    [
      { WALG_S3_SSE: 'aws:kms', WALE_S3_SSE_KMS_ID: 'k' },
      { kind: 'aws:kms', keyId: 'k' },
    ],
    [
      { S3_SSE: 'AES256', S3_SSE_C: key },
      { kind: 'customer', key: Buffer.from(key).toString('base64') },
    ],
  ])('is asked for by %j', async (environment, expected) => {
    expect(await locate({ ...s3, ...environment })).toMatchObject({ encryption: expected });
  });

  it.each([
    ['a key without a method, which WAL-G ignores', { S3_SSE_C: key }, 'S3_SSE_C holds a key'],
    ['a key beside the key service', { S3_SSE: 'aws:kms', S3_SSE_KMS_ID: 'k', S3_SSE_C: key }, 'S3_SSE_C holds a key'],
    ['a key of the wrong length', { S3_SSE: 'AES256', S3_SSE_C: 'hunter2' }, '32 bytes of text'],
    ['a key service without a key', { S3_SSE: 'aws:kms' }, 'no key is named'],
    ['a key of the key service without it', { S3_SSE: 'AES256', S3_SSE_KMS_ID: 'k' }, 'S3_SSE_KMS_ID names a key'],
    ['a method that is none', { S3_SSE: 'aes' }, 'AES256, aws:kms'],
  ])('is refused for %s', async (_name, environment, found) => {
    const refusal = locate({ ...s3, ...environment });
    await expect(refusal).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining(found) });
    await expect(refusal).rejects.not.toThrow(/hunter2|0123456789/);
  });

  it('is not asked for by an empty variable', async () => {
    expect(await locate({ ...s3, WALG_S3_SSE: '' })).not.toHaveProperty('encryption');
  });
});

describe('a role for S3', () => {
  const role = { WALG_S3_PREFIX: 's3://b', AWS_ROLE_ARN: 'arn:aws:iam::1:role/backup' };

  it('is assumed with the credentials, or with the token of a web identity', async () => {
    expect(await locate({ ...role, AWS_ROLE_SESSION_NAME: 'shop' })).toMatchObject({
      role: { arn: 'arn:aws:iam::1:role/backup', sessionName: 'shop' },
    });
    expect(await locate({ ...role, AWS_WEB_IDENTITY_TOKEN_FILE: '/run/token' })).toMatchObject({
      role: { sessionName: 'walkback', webIdentityTokenFile: '/run/token' },
    });
  });

  it('is not assumed by a web identity where there is an access key, which the AWS chain takes first', async () => {
    const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'secret' };
    expect(await locate({ ...role, ...keys, AWS_WEB_IDENTITY_TOKEN_FILE: '/run/token' })).not.toHaveProperty('role');
    expect(await locate({ ...role, ...keys })).toHaveProperty('role');
  });

  it('is missed when there is a token and no role', async () => {
    const refusal = locate({ WALG_S3_PREFIX: 's3://b', AWS_WEB_IDENTITY_TOKEN_FILE: '/run/token' });
    await expect(refusal).rejects.toMatchObject({ kind: 'usage', remedy: expect.stringContaining('AWS_ROLE_ARN') });
  });
});
