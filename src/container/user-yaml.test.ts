import { describe, expect, it } from 'vitest';

import { Secret } from './secret.ts';
import { parseUserYaml, yamlForFile } from './user-yaml.ts';

describe('YAML that people write', () => {
  it.each([
    ['on, yes and off are booleans, as Python reads them', 'a: on\nb: yes\nc: off', { a: true, b: true, c: false }],
    ['y and n are words, as Python reads them', 'y: n', { y: 'n' }],
    ['a date is text', 'a: 2024-01-01', { a: '2024-01-01' }],
    ['a number in octal is that number', 'a: 0644', { a: 420 }],
    [
      'anchors and merges are followed',
      'x: &x {q: 1}\ny: {<<: *x, r: 2}\nz: [*x]',
      { x: { q: 1 }, y: { q: 1, r: 2 }, z: [{ q: 1 }] },
    ],
    ['nothing is null', '', null],
  ])('is read so that %s', (_what, text, value) => {
    expect(parseUserYaml(text)).toEqual({ value });
  });

  it.each([
    ['a: [1', 'Flow sequence'],
    ['a: 1\na: 2', 'Map keys must be unique'],
    ['a: *gone', 'gone'],
  ])('is told to be none: %s', (text, problem) => {
    expect(parseUserYaml(text)).toEqual({ problem: expect.stringContaining(problem) });
  });
});

describe("Patroni's file", () => {
  const configuration = {
    wal_log_hints: 'on',
    mode: '0644',
    sign: '=',
    count: 3,
    on: true,
    password: new Secret('tea: "hot"'),
  };

  it('has every text in quotes, so that its reader takes no word for a boolean or a number', () => {
    expect(yamlForFile(configuration).reveal()).toBe(
      'wal_log_hints: "on"\nmode: "0644"\nsign: "="\ncount: 3\n"on": true\npassword: "tea: \\"hot\\""\n',
    );
  });
});
