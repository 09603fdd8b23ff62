import { describe, expect, it } from 'vitest';

import { loadSettings } from '../config/load-settings.ts';
import type { SettingName } from '../config/settings.ts';
import { openArchive, storeLocation } from './open-archive.ts';

const settingsFor = (environment: Record<string, string>, flags: readonly (readonly [SettingName, string])[] = []) =>
  loadSettings({ environment, flags: new Map(flags), workingDirectory: '/' });
const locate = async (environment: Record<string, string>) => storeLocation(await settingsFor(environment));

describe('the place of an archive', () => {
  it.each([
    [{ WALKBACK_ARCHIVE: '/srv/a/' }, { kind: 'file', path: '/srv/a' }],
    [{ WALKBACK_ARCHIVE: 'file:///srv/a' }, { kind: 'file', path: '/srv/a' }],
    [{ WALG_FILE_PREFIX: 'file://localhost/srv/a' }, { kind: 'file', path: '/srv/a' }],
    [
      { WALE_FILE_PREFIX: '/srv/a', WALG_STORAGE_PREFIX: 'blue' },
      { kind: 'file', path: '/srv/a/blue' },
    ],
    [
      { WALKBACK_ARCHIVE: '/srv/a', WALG_STORAGE_PREFIX: 'blue' },
      { kind: 'file', path: '/srv/a' },
    ],
    [{ WALG_S3_PREFIX: 's3://b/x/y/' }, { kind: 's3', bucket: 'b', prefix: 'x/y' }],
    [
      { WALG_S3_PREFIX: 's3://b', WALG_STORAGE_PREFIX: '/z/' },
      { kind: 's3', bucket: 'b', prefix: 'z' },
    ],
    [
      { WALG_S3_PREFIX: 's3://b/x', WALE_S3_PREFIX: 's3://b/x' },
      { kind: 's3', bucket: 'b', prefix: 'x' },
    ],
    [
      { WALKBACK_ARCHIVE: 's3://c/z', WALG_S3_PREFIX: 's3://b', WALG_GS_PREFIX: 'gs://d' },
      { kind: 's3', bucket: 'c' },
    ],
  ])('for %j is %j', async (environment, expected) => {
    expect(await locate(environment)).toMatchObject(expected);
  });

  it('is refused when two kinds of store have a prefix, naming both', async () => {
    await expect(locate({ WALG_FILE_PREFIX: '/srv/a', WALE_S3_PREFIX: 's3://b/x' })).rejects.toMatchObject({
      kind: 'usage',
      message: 'cannot tell where the archive is: WALE_S3_PREFIX (s3://b/x) and WALG_FILE_PREFIX (/srv/a) are both set',
      remedy: expect.stringContaining('WALKBACK_ARCHIVE'),
    });
  });

  it.each(['WALG_GS_PREFIX', 'WALG_AZ_PREFIX', 'WALE_SWIFT_PREFIX', 'WALG_SSH_PREFIX', 'WALG_OSS_PREFIX'])(
    'is refused for %s, which is known and not supported',
    async (variable) => {
      await expect(locate({ [variable]: 'x://y' })).rejects.toMatchObject({
        message: expect.stringContaining(`${variable} names a kind of store that is not supported`),
      });
    },
  );

  it.each([
    [{}, 'it is not set'],
    [{ WALG_S3_PREFIX: '/srv/a' }, 'WALG_S3_PREFIX is "/srv/a"'],
    [{ WALG_FILE_PREFIX: 'srv' }, 'WALG_FILE_PREFIX is "srv"'],
  ])('is refused for %j', async (environment, found) => {
    await expect(locate(environment)).rejects.toMatchObject({ kind: 'usage', message: expect.stringContaining(found) });
  });
});

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

describe('encryption that WAL-G would do', () => {
  it.each([
    'WALG_LIBSODIUM_KEY',
    'WALG_LIBSODIUM_KEY_PATH',
    'WALG_PGP_KEY',
    'WALG_PGP_KEY_PATH',
    'GPG_KEY_ID',
    'WALG_GPG_KEY_ID',
    'WALE_GPG_KEY_ID',
    'WALG_CSE_KMS_ID',
    'S3_SSE',
    'WALG_S3_SSE',
    'WALE_S3_SSE_C',
    'WALG_S3_SSE_KMS_ID',
  ])('is refused for %s, never ignored, and its value is not shown', async (variable) => {
    const refusal = locate({ WALKBACK_ARCHIVE: '/srv/a', [variable]: 'hunter2' });
    await expect(refusal).rejects.toMatchObject({ kind: 'refused', message: expect.stringContaining(variable) });
    await expect(refusal).rejects.not.toThrow(/hunter2/);
  });

  it('is not asked for by an empty variable', async () => {
    await expect(locate({ WALKBACK_ARCHIVE: '/srv/a', WALG_S3_SSE: '' })).resolves.toBeDefined();
  });
});

describe('an open archive', () => {
  it('bears the name set, or the last part of its address', async () => {
    await using unnamed = await openArchive(await settingsFor({ WALKBACK_ARCHIVE: '/srv/shop-prod' }));
    await using named = await openArchive(await settingsFor({ WALKBACK_ARCHIVE: '/srv/a', SCOPE: 'shop' }));
    expect([unnamed.clusterName, named.clusterName]).toEqual(['shop-prod', 'shop']);
    expect(unnamed.store.address).toBe('/srv/shop-prod');
    expect(unnamed.compression).toBe('zstd');
  });
});
