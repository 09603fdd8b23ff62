import { describe, expect, it } from 'vitest';

import { dashedName, indexKey, runningKey } from './own-objects.ts';

const DELTA = 'base_000000010000000000000004_D_000000010000000000000002';

describe('an object of our own', () => {
  it.each([
    [runningKey('base_0000000100000000000000A1'), 'walkback_001/running/base_00000001-00000000-000000A1.json'],
    [indexKey(DELTA, 'part_001.tar.zst'), `walkback_001/backups/${dashedName(DELTA)}/part_001.json`],
  ])('has the key %s, in which wal-g delete finds no WAL', (key, expected) => {
    expect(key).toBe(expected);
    expect(key).not.toMatch(/[0-9A-Fa-f]{24}/);
  });
});
