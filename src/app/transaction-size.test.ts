import { describe, expect, it } from 'vitest';

import { change, relation } from '../../tests/support/logged-transactions.ts';
import { isLargeChange } from './transaction-size.ts';

const of = (given: Parameters<typeof change>[1]) => change(relation({}), given);

describe('a large change', () => {
  it('is a fifth of a table, deleted or updated, but not of a few rows', () => {
    expect(isLargeChange(of({ deleted: 20, deletedShare: 0.2 }))).toBe(true);
    expect(isLargeChange(of({ updated: 20, updatedShare: 0.2 }))).toBe(true);
    expect(isLargeChange(of({ deleted: 20_000, deletedShare: 0.19 }))).toBe(false);
    expect(isLargeChange(of({ deleted: 19, deletedShare: 1 }))).toBe(false);
  });

  it('is more rows than the table was estimated to have', () => {
    expect(isLargeChange(of({ deleted: 500, deletedShare: 5 }))).toBe(true);
  });

  it('is of ten thousand rows where nobody has estimated the table, deleted or updated', () => {
    expect(isLargeChange(of({ deleted: 10_000 }))).toBe(true);
    expect(isLargeChange(of({ updated: 10_000 }))).toBe(true);
    expect(isLargeChange(of({ updated: 9999, deleted: 9999, inserted: 1_000_000 }))).toBe(false);
  });
});
