import { expect, it } from 'vitest';

import { screen } from '../../../tests/support/protected-cluster.ts';
import { dataWarnings } from './data-warnings.ts';

it('warns of data that are wrong although their server runs, and of nothing else', () => {
  const facts = {
    backup: 'base_1',
    damagedFiles: 'base/5/1 (blocks 7, in base_1)',
    otherCollations: 'database shop (2.31, now 2.36)',
  };
  expect(dataWarnings(facts, screen)).toEqual([
    'THE BACKUP HOLDS DAMAGED PAGES: base/5/1 (blocks 7, in base_1)',
    expect.stringContaining('recover plan --backup NAME'),
    'TEXT IS ORDERED OTHERWISE than when these data were written: database shop (2.31, now 2.36)',
    expect.stringContaining('REINDEX DATABASE'),
  ]);
  expect(dataWarnings({ backup: 'base_1', replayLsn: '0/1', otherCollations: '' }, screen)).toEqual([]);
});
