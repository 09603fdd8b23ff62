import { describe, expect, it } from 'vitest';

import { IgnoredIndexes } from './ignored-indexes.ts';

describe('indexes of no use', () => {
  it('are counted once each, and told of with the first one’s reason', () => {
    const ignored = new IgnoredIndexes();
    expect(ignored.words).toBeUndefined();
    for (const key of ['a', 'b', 'a']) ignored.onIgnoredIndex({ key, reason: `${key} is cut` });
    expect(ignored.count).toBe(2);
    expect(ignored.words).toMatch(/^2 indexes were not used.*the first is a: a is cut\. walkback history index/);
  });
});
