import { describe, expect, it } from 'vitest';

import { accountNames, checkNames, secretName, type BucketStore } from './bucket-names.ts';

const check = (store: BucketStore, bucket: string, given = {}, secrets: readonly string[] = []) =>
  checkNames({ store, bucket, accounts: accountNames(bucket, given), secrets });

describe('the names of a bucket and its accounts', () => {
  it('follow from the bucket, as existing Secrets and accounts do', () => {
    expect(accountNames('wksv3k-dev-ciip')).toEqual({ writer: 'sa-wksv3k-dev-ciip', viewer: 'ro-wksv3k-dev-ciip' });
    expect(secretName('gcs', 'wksv3k-dev-ciip')).toBe('gcp-wksv3k-dev-ciip-service-account-key');
    expect(secretName('s3', 'shop')).toBe('s3-shop-access-key');
    expect(secretName('gcs', 'a_b')).toBe('gcp-a-b-service-account-key');
    expect(() => check('gcs', 'wksv3k-dev-ciip', {}, ['gcp-wksv3k-dev-ciip-service-account-key'])).not.toThrow();
  });

  it.each<[BucketStore, string]>([
    ['s3', 'Shop'],
    ['s3', 'ab'],
    ['s3', '-shop'],
    ['s3', 'a..b'],
    ['s3', '10.0.0.1'],
    ['s3', 'xn--shop'],
    ['s3', 'a'.repeat(64)],
    ['gcs', 'google-shop'],
    ['gcs', 'googshop'],
    ['azure', 'shop.prod'],
    ['azure', 'shop--prod'],
  ])('are refused where the store would: %s, %s', (store, bucket) => {
    expect(() => check(store, bucket)).toThrow(expect.objectContaining({ kind: 'usage' }));
  });

  it('are refused for a bucket whose accounts would be too long for Google, with the option that names them', () => {
    const bucket = 'a-namespace-with-a-name-of-many-words';
    expect(() => check('gcs', bucket)).toThrow(expect.objectContaining({ remedy: 'Give --writer another name.' }));
    expect(() => check('gcs', bucket, { writer: 'sa-shop', viewer: 'ro-shop' })).not.toThrow();
    expect(() => check('gcs', 'shop', { writer: 'sa-shop', viewer: 'sa-shop' })).toThrow(/for both accounts/);
  });

  it('are refused for a Secret that Kubernetes would not take', () => {
    expect(() => check('s3', 'shop', {}, ['Shop_Key'])).toThrow(/name of a Secret/);
  });
});
