import { describe, expect, it } from 'vitest';

import { MemoryGrowth } from './memory-growth.ts';

describe('how a process grows', () => {
  it('is counted from the second tenth on, by the smallest of each', () => {
    const growth = new MemoryGrowth();
    for (const [tenth, mib] of [
      [0, 10],
      [1, 150],
      [1, 100],
      [2, 180],
      [2, 130],
    ] as const)
      growth.sample(tenth, mib);
    expect(growth.grownMib).toBe(30);
  });

  it('is nothing where tenths are missing, or there is but the first', () => {
    const growth = new MemoryGrowth();
    expect(growth.grownMib).toBe(0);
    growth.sample(0, 10);
    expect(growth.grownMib).toBe(0);
    growth.sample(7, 100);
    expect(growth.grownMib).toBe(0);
  });
});
