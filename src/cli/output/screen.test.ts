import { describe, expect, it } from 'vitest';

import { screenFor, takesUnicode, wantsColor, type ColorChoice } from './screen.ts';

describe('colour', () => {
  it.each<[ColorChoice, Record<string, string>, boolean, boolean]>([
    ['auto', {}, true, true],
    ['auto', {}, false, false],
    ['auto', { NO_COLOR: '1' }, true, false],
    ['auto', { NO_COLOR: '' }, true, true],
    ['auto', { TERM: 'dumb' }, true, false],
    ['always', { NO_COLOR: '1', TERM: 'dumb' }, false, true],
    ['never', {}, true, false],
  ])('with --color=%s, %j, terminal %s: %s', (choice, environment, isTerminal, expected) => {
    expect(wantsColor(choice, environment, isTerminal)).toBe(expected);
  });

  it('marks text with its state, and leaves it as it is otherwise', () => {
    const given = { stream: {}, environment: {}, zone: 'UTC' };
    expect(screenFor({ ...given, color: 'always' }).paint('ok', 'good')).toBe('\u001b[32mok\u001b[0m');
    expect(screenFor({ ...given, color: 'auto' }).paint('ok', 'good')).toBe('ok');
  });
});

describe('marks outside ASCII', () => {
  it.each<[Record<string, string>, boolean]>([
    [{ LANG: 'en_CA.UTF-8' }, true],
    [{ LANG: 'C.utf8' }, true],
    [{ LANG: 'en_CA.UTF-8', LC_ALL: 'C' }, false],
    [{ LANG: 'C', LC_CTYPE: 'C.UTF-8', LC_ALL: '' }, true],
    [{}, false],
  ])('with %j: %s', (environment, expected) => {
    expect(takesUnicode(environment)).toBe(expected);
  });
});

describe('the width', () => {
  const width = (isTTY: boolean, columns?: number) =>
    screenFor({ stream: { isTTY, columns }, environment: {}, color: 'auto', zone: 'UTC' }).columns;

  it('is that of the terminal within reason, and 80 elsewhere', () => {
    expect([width(true, 100), width(true, 10), width(true, 500), width(true), width(false, 100)]).toEqual([
      100, 40, 160, 80, 80,
    ]);
  });

  it('of a dumb terminal is shown in lines', () => {
    const stream = { isTTY: true };
    expect(screenFor({ stream, environment: { TERM: 'dumb' }, color: 'auto', zone: 'UTC' }).isTerminal).toBe(false);
  });
});
