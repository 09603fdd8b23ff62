import { describe, expect, it } from 'vitest';

import { parseTap, tapProblems } from './tap.ts';

const problemsOf = (...lines: string[]): string[] => {
  const result = parseTap(lines);
  return result === undefined ? ['not TAP'] : tapProblems(result);
};

describe('TAP', () => {
  it('passes when every planned assertion is ok', () => {
    expect(problemsOf('1..2', 'ok 1 - orders are there', 'ok 2 - customers are there')).toEqual([]);
  });

  it('fails by the description of what is not ok', () => {
    expect(problemsOf('1..2', 'ok 1 - a', 'not ok 2 - b')).toEqual(['not ok: b']);
  });

  it('fails when fewer ran than were planned, which a script that ends early looks like', () => {
    expect(problemsOf('1..3', 'ok 1')).toEqual(['planned 3 assertions, ran 1']);
  });

  it('tolerates what is marked TODO or SKIP', () => {
    expect(problemsOf('1..2', 'not ok 1 - later # TODO soon', 'ok 2 # SKIP none')).toEqual([]);
  });

  it('fails on a bail-out', () => {
    expect(problemsOf('1..1', 'ok 1', 'Bail out! no database')).toEqual(['bailed out']);
  });

  it('is not seen in ordinary rows', () => {
    expect(parseTap(['50288', 'okay', 'not okay'])).toBeUndefined();
  });
});
