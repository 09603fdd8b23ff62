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

describe('encryption by the store that WAL-G would ask for', () => {
  it.each(['S3_SSE', 'WALG_S3_SSE', 'WALE_S3_SSE_C', 'WALG_S3_SSE_KMS_ID'])(
    'is refused for %s, never ignored, and its value is not shown',
    async (variable) => {
      const refusal = locate({ WALKBACK_ARCHIVE: '/srv/a', [variable]: 'hunter2' });
      await expect(refusal).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining(variable) });
      await expect(refusal).rejects.not.toThrow(/hunter2/);
    },
  );

  it('is not asked for by an empty variable', async () => {
    await expect(locate({ WALKBACK_ARCHIVE: '/srv/a', WALG_S3_SSE: '' })).resolves.toBeDefined();
  });
});
