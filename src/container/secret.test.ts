import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { maskLogins, Secret, revealed } from './secret.ts';

describe('a secret', () => {
  const secret = new Secret('pinacolada');

  it('is masked in templates, JSON and inspection', () => {
    expect(String(secret)).toBe('********');
    expect(JSON.stringify({ secret })).toBe('{"secret":"********"}');
    expect(inspect({ secret })).not.toContain('pinacolada');
    expect(Object.values(secret)).toEqual([]);
  });

  it('is its text for the file that it is written to', () => {
    expect(revealed(secret)).toBe('pinacolada');
    expect(revealed('plain')).toBe('plain');
  });
});

describe('a login within a URL', () => {
  it.each([
    ['http://shop:word@e:2379', 'http://********@e:2379'],
    ['https://token@e/path', 'https://********@e/path'],
    ['http://a:1@b:2379,http://c:2@d', 'http://********@d'],
    ['cannot reach http://shop:p/w@rd@e:2379 in time', 'cannot reach http://********@e:2379 in time'],
    ['{"u":"http://:word@e"}', '{"u":"http://********@e"}'],
  ])('is masked: %s', (text, shown) => {
    expect(maskLogins(text)).toBe(shown);
  });

  it.each(['http://e:2379/a?b', 's3://bucket/prefix@7', 'e1:2379,e2:2379', 'standby@db:5432', 'a // b @ c'])(
    'is none, and stays: %s',
    (text) => {
      expect(maskLogins(text)).toBe(text);
    },
  );
});
