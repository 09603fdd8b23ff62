import { describe, expect, it } from 'vitest';

import { screen } from '../../../tests/support/protected-cluster.ts';
import { withLocalTimes } from './times-in-text.ts';

const shown = (text: string) => withLocalTimes(text, screen);

describe('a time in a sentence', () => {
  it('is followed by the local one, and how long ago it was', () => {
    expect(shown('the last commit is 2026-06-05T15:02:11.620113Z')).toBe(
      'the last commit is 2026-06-05T15:02:11.620113Z (08:02:11.620 America/Vancouver, 1 h 39 min ago)',
    );
  });

  it('gets the local date where that is another, and only the digits it has', () => {
    expect(shown('ended 2026-06-05T02:00:00Z, late')).toBe(
      'ended 2026-06-05T02:00:00Z (2026-06-04 19:00:00 America/Vancouver, 14 h 41 min ago), late',
    );
  });

  it('is found each time, in brackets and at the end of a sentence', () => {
    expect(shown('x (2026-06-05T16:00:00.000Z) to 2026-06-05T16:41:44Z.')).toBe(
      'x (2026-06-05T16:00:00.000Z (09:00:00.000 America/Vancouver, 41 min 45 s ago)) to ' +
        '2026-06-05T16:41:44Z (09:41:44 America/Vancouver, 1 s ago).',
    );
  });

  it('that is to come says so', () => {
    expect(shown('after 2026-06-05T16:51:45Z')).toContain('(09:51:45 America/Vancouver, in 10 min)');
  });

  it.each([
    '    walkback recover plan --to-time 2026-06-05T15:02:11Z',
    'walkback recover plan --before-time 2026-06-05T15:02:11Z',
    'The last one:  walkback recover plan --to-time 2026-06-05T15:02:11Z',
    'Give --to-time 2026-06-05T15:02:11Z',
    'cannot read /a/2026-06-05T15:02:11Z/b',
    'cannot use "2026-06-05T15:02:11Z" for --to-tim',
    'the label "walkback 2026-06-05T15:02:11Z"',
    'at 2026-06-05T08:02:11-07:00',
    'at 2026-13-05T08:02:11Z',
  ])('is left alone in %j', (text) => {
    expect(shown(text)).toBe(text);
  });

  it('is found in prose beside a line to type', () => {
    expect(shown('From 2026-06-05T16:41:44Z on:\n    walkback recover plan --to-time 2026-06-05T16:41:44Z')).toBe(
      'From 2026-06-05T16:41:44Z (09:41:44 America/Vancouver, 1 s ago) on:\n' +
        '    walkback recover plan --to-time 2026-06-05T16:41:44Z',
    );
  });
});
