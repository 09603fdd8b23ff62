import { expect, it } from 'vitest';

import { tableOf, type Outcome } from './outcome.ts';

const ended = (seed: number, ending: Outcome['ending']): Outcome => ({
  seed,
  words: '',
  ending,
  problems: [],
  looks: 1,
});

it('counts how cases ended, and names those that went wrong', () => {
  expect(tableOf([ended(7, 'taken back'), ended(8, 'OTHER'), ended(9, 'taken back'), ended(12, 'OTHER')])).toBe(
    '2 taken back, 2 OTHER (8, 12)',
  );
});
