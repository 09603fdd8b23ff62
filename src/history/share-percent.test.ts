import { describe, expect, it } from 'vitest';

import { shareOfWords } from './share-percent.ts';

describe('the share of a table', () => {
  it.each([
    [0.4, '40 % of the table'],
    [0.999, '99 % of the table'],
    [1, '100 % of the table'],
    [1.009, 'about all of the table'],
    [1.25, 'about all of the table'],
    [5, "more than the table's estimated rows"],
  ])('%d is %s', (share, words) => {
    expect(shareOfWords(share, 'table')).toBe(words);
  });
});
