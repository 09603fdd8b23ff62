import { describe, expect, it } from 'vitest';

import { isTmpName, tmpNameFor } from './tmp-name.ts';

describe('the name of a file still being written', () => {
  it("is WAL-G's", () => {
    const name = tmpNameFor('wal_005/x.zst', new Date('2026-05-12T10:11:12.345Z'), '0123456789abcdef');
    expect(name).toBe('wal_005/x.zst.tmp.20260512T101112Z-0123456789abcdef');
    expect(isTmpName(name)).toBe(true);
  });

  it.each(['x.zst', 'x.tmp', 'x.tmp.20260512T101112Z-0123', 'x.tmp.20260512T101112Z-0123456789abcdef.zst'])(
    'is not %s',
    (name) => {
      expect(isTmpName(name)).toBe(false);
    },
  );
});
