import type { LifecycleRule } from '@aws-sdk/client-s3';
import { describe, expect, it } from 'vitest';

import { decideLifecycle } from './lifecycle.ts';

const wish = { prefix: 'shop/', versionDays: 30, uploadDays: 7 };
const rule = (more: Partial<LifecycleRule>): LifecycleRule => ({ ID: 'theirs', Status: 'Enabled', ...more });

describe('the lifecycle of a bucket in S3', () => {
  it('takes old versions and unfinished uploads of the archive away, and nothing that is current', () => {
    const { rules, isDone } = decideLifecycle([], wish);
    expect(isDone).toBe(false);
    expect(rules).toEqual([
      {
        ID: 'walkback-versions shop/',
        Status: 'Enabled',
        Filter: { Prefix: 'shop/' },
        NoncurrentVersionExpiration: { NoncurrentDays: 30 },
        Expiration: { ExpiredObjectDeleteMarker: true },
      },
      {
        ID: 'walkback-uploads shop/',
        Status: 'Enabled',
        Filter: { Prefix: 'shop/' },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
      },
    ]);
    expect(decideLifecycle(rules, wish)).toMatchObject({ isDone: true, expiring: [] });
  });

  it('keeps the rules of others, and its own of another archive in the bucket', () => {
    const others = [
      rule({ Filter: { Prefix: 'logs/' }, Expiration: { Days: 3 } }),
      ...decideLifecycle([], { ...wish, prefix: 'hr/' }).rules,
    ];
    const verdict = decideLifecycle(others, wish);
    expect(verdict.rules.slice(0, 3)).toEqual(others);
    expect(verdict.rules).toHaveLength(5);
    expect(verdict.expiring).toEqual([]);
  });

  it('changes its own rule when another time is wished', () => {
    const { rules } = decideLifecycle(decideLifecycle([], wish).rules, { ...wish, versionDays: 90 });
    expect(rules.filter(({ NoncurrentVersionExpiration }) => NoncurrentVersionExpiration !== undefined)).toMatchObject([
      { NoncurrentVersionExpiration: { NoncurrentDays: 90 } },
    ]);
  });

  it.each<[string, Partial<LifecycleRule>]>([
    ['of the whole bucket', { Filter: { Prefix: '' }, Expiration: { Days: 365 } }],
    ['in the old form', { Prefix: '', Expiration: { Date: new Date() } }],
    ['below the archive', { Filter: { Prefix: 'shop/wal_005/' }, Expiration: { Days: 1 } }],
    [
      'of tagged objects',
      { Filter: { And: { Prefix: 'sh', Tags: [{ Key: 'a', Value: 'b' }] } }, Expiration: { Days: 1 } },
    ],
  ])('is refused with a rule that expires current objects %s', (_name, more) => {
    expect(decideLifecycle([rule(more)], wish).expiring).toEqual(['theirs']);
  });

  it('is not refused for a rule that is off', () => {
    const off = rule({ Status: 'Disabled', Filter: { Prefix: '' }, Expiration: { Days: 1 } });
    expect(decideLifecycle([off], wish).expiring).toEqual([]);
  });

  it('leaves what others have set for the whole bucket, but not what they set for some objects', () => {
    const whole = rule({
      Filter: {},
      NoncurrentVersionExpiration: { NoncurrentDays: 365 },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    });
    expect(decideLifecycle([whole], wish)).toMatchObject({ isDone: true, rules: [whole] });
    expect(decideLifecycle([{ ...whole, Filter: { ObjectSizeGreaterThan: 9 } }], wish).isDone).toBe(false);
  });

  it('tells of rules that move objects to where they cannot be read at once', () => {
    const slow = rule({ Filter: { Prefix: '' }, Transitions: [{ Days: 30, StorageClass: 'DEEP_ARCHIVE' }] });
    expect(decideLifecycle([slow], wish).freezing).toEqual(['theirs']);
  });

  it('asks for no rule of uploads where the server has none', () => {
    expect(decideLifecycle([], { ...wish, uploadDays: undefined }).rules).toHaveLength(1);
  });
});
