import { describe, expect, it } from 'vitest';

import { claimNumbers } from './claim-numbers.ts';

const claims = (...ordinals: readonly number[]) =>
  ordinals.map((ordinal) => ({ metadata: { name: `storage-volume-shop-${ordinal}` } }));

describe('the claims of a cluster', () => {
  it('are those of its members, and those that an earlier scale-down has left', () => {
    expect(claimNumbers('storage-volume-shop', 2, claims(0, 1))).toEqual({ memberCount: 2, leftOver: [] });
    expect(claimNumbers('storage-volume-shop', 2, claims(4, 0, 1, 2))).toEqual({ memberCount: 2, leftOver: [2, 4] });
  });

  it('are not those of another cluster, nor of another template', () => {
    const others = [{ metadata: { name: 'storage-volume-shop-two-3' } }, { metadata: { name: 'wal-shop-3' } }];
    expect(claimNumbers('storage-volume-shop', 1, [...claims(0), ...others])).toEqual({ memberCount: 1, leftOver: [] });
  });

  it('are all of members where it is scaled to 0', () => {
    expect(claimNumbers('storage-volume-shop', 0, claims(0, 1, 2))).toEqual({ memberCount: 3, leftOver: [] });
  });
});
