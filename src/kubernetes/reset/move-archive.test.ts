import { describe, expect, it } from 'vitest';

import { movedAddress, movedVariables } from './move-archive.ts';

describe('the place of an archive that begins anew', () => {
  it.each([
    ['s3://backups/shop', 's3://backups/shop-reset-7f3a'],
    ['s3://backups/shop/', 's3://backups/shop-reset-7f3a'],
    ['gs://backups', 'gs://backups/reset-7f3a'],
    ['gs://backups/', 'gs://backups/reset-7f3a'],
    ['azure://account/a/b-reset-0c11', 'azure://account/a/b-reset-7f3a'],
    ['ssh://user@host:22/backups/shop', 'ssh://user@host:22/backups/shop-reset-7f3a'],
    ['/mnt/backups', '/mnt/backups-reset-7f3a'],
    ['file:///mnt/backups', 'file:///mnt/backups-reset-7f3a'],
  ])('%s → %s, beside it and never below it', (address, moved) => {
    expect(movedAddress(address, '7f3a')).toBe(moved);
  });

  const moved = (variables: Readonly<Record<string, string>>) =>
    Object.fromEntries(movedVariables(new Map(Object.entries(variables)), '7f3a'));

  it('is in every variable that names an address', () => {
    expect(
      moved({ WALE_S3_PREFIX: 's3://b/x', WALG_S3_PREFIX: 's3://b/x', WALG_GS_PREFIX: '', SCOPE: 'shop' }),
    ).toEqual({
      WALE_S3_PREFIX: 's3://b/x-reset-7f3a',
      WALG_S3_PREFIX: 's3://b/x-reset-7f3a',
    });
    expect(moved({ WALKBACK_ARCHIVE: 's3://b/x' })).toEqual({ WALKBACK_ARCHIVE: 's3://b/x-reset-7f3a' });
  });

  it('is made by the suffix where the address is made of a bucket', () => {
    expect(moved({ WAL_S3_BUCKET: 'b', SCOPE: 'shop' })).toEqual({ WAL_BUCKET_SCOPE_SUFFIX: '-reset-7f3a' });
    expect(moved({ WAL_GS_BUCKET: 'b', WAL_BUCKET_SCOPE_SUFFIX: '/uid-reset-0c11' })).toEqual({
      WAL_BUCKET_SCOPE_SUFFIX: '/uid-reset-7f3a',
    });
  });

  it('is not moved by a bucket where an address counts', () => {
    expect(moved({ WAL_S3_BUCKET: 'b', WALG_S3_PREFIX: 's3://b/x' })).toEqual({
      WALG_S3_PREFIX: 's3://b/x-reset-7f3a',
    });
    expect(moved({ SCOPE: 'shop' })).toEqual({});
  });
});
