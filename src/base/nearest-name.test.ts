import { describe, expect, it } from 'vitest';

import { nearestName } from './nearest-name.ts';

const KNOWN = ['to-time', 'to-lsn', 'timeline', 'upload-concurrency'];

describe('the nearest known name', () => {
  it.each([
    ['to-tiem', 'to-time'],
    ['targt-time', undefined],
    ['timelin', 'timeline'],
    ['TIMELINE', 'timeline'],
    ['upload-concurency', 'upload-concurrency'],
    ['elephant', undefined],
    ['', undefined],
  ])('for %j is %j', (name, expected) => {
    expect(nearestName(name, KNOWN)).toBe(expected);
  });

  it('is the nearer of two', () => {
    expect(nearestName('walfetch', ['wal push', 'wal fetch'])).toBe('wal fetch');
  });
});
