import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { Secret, revealed } from './secret.ts';

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
