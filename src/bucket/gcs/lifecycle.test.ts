import { describe, expect, it } from 'vitest';

import { decideLifecycle } from './lifecycle.ts';

const wish = { prefix: 'shop/', versionDays: 30, uploadDays: 7 };
const del = (condition: Record<string, unknown>) => ({ action: { type: 'Delete' }, condition });

describe('the lifecycle of a bucket in Google Cloud Storage', () => {
  it('takes old versions and unfinished uploads of the archive away, and nothing that is current', () => {
    const { rules, isDone } = decideLifecycle([], wish);
    expect(isDone).toBe(false);
    expect(rules).toEqual([
      del({ daysSinceNoncurrentTime: 30, isLive: false, matchesPrefix: ['shop/'] }),
      { action: { type: 'AbortIncompleteMultipartUpload' }, condition: { age: 7, matchesPrefix: ['shop/'] } },
    ]);
    expect(decideLifecycle(rules, wish)).toMatchObject({ isDone: true, expiring: [], rules });
  });

  it('changes its own rule when another time is wished, and keeps the rules of others', () => {
    const theirs = del({ age: 3, matchesPrefix: ['logs/'] });
    const { rules, isDone } = decideLifecycle([theirs, ...decideLifecycle([], wish).rules], {
      ...wish,
      versionDays: 90,
    });
    expect(isDone).toBe(false);
    expect(rules).toHaveLength(3);
    expect(rules[0]).toBe(theirs);
    expect(rules[2]).toMatchObject({ condition: { daysSinceNoncurrentTime: 90 } });
  });

  it.each([
    ['of any age', { age: 365 }],
    ['that are live', { age: 365, isLive: true }],
    ['below the archive', { age: 1, matchesPrefix: ['logs/', 'shop/wal_005/'] }],
    ['of a storage class', { age: 1, matchesStorageClass: ['NEARLINE'] }],
  ])('is refused with a rule that deletes current objects %s', (_name, condition) => {
    expect(decideLifecycle([del(condition)], wish).expiring).toHaveLength(1);
  });

  it.each([
    ['newer versions', { numNewerVersions: 3 }],
    ['the time since', { daysSinceNoncurrentTime: 365 }],
    ['not being live', { age: 365, isLive: false }],
  ])('leaves what others set for versions by %s', (_name, condition) => {
    const verdict = decideLifecycle([del(condition)], wish);
    expect(verdict.expiring).toEqual([]);
    expect(verdict.rules).toHaveLength(2);
  });
});
