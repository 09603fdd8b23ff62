import { describe, expect, it } from 'vitest';

import { figureOf, sumOf } from './sum-outcomes.ts';

const outcome = (name: string, passed: number, skipped = 0) => ({
  name: `${name}.test.ts`,
  passed,
  failed: 0,
  skipped,
});

describe('the figure of files of tests', () => {
  it('says how many tests passed, and how many were skipped', () => {
    const sum = sumOf([outcome('one', 3), outcome('two', 4, 2)]);
    expect(figureOf(sum, 2)).toBe('7 tests passed, 2 skipped, 0 failed in 2 of 2 files');
  });

  it('names the files where they are not all', () => {
    expect(figureOf(sumOf([outcome('one', 3)]), 2)).toBe('3 tests passed, 0 skipped, 0 failed in 1 of 2 files (one)');
  });
});
