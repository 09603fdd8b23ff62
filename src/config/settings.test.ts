import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { SETTING_NAMES } from './settings.ts';

const SOURCE = join(import.meta.dirname, '..');

/** All that is shipped, without the definitions themselves. */
const shipped = readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter(
    (name) => name.endsWith('.ts') && !name.endsWith('.test.ts') && !/^config\/settings(-[a-z]+)?\.ts$/.test(name),
  )
  .map((name) => readFileSync(join(SOURCE, name), 'utf8'));

describe('a setting', () => {
  it('is looked for in the whole program', () => {
    expect(shipped.length).toBeGreaterThan(100);
  });

  it.each(SETTING_NAMES.map((name) => [name] as const))('is read by something: %s', (name) => {
    expect(shipped.some((text) => text.includes(`'${name}'`))).toBe(true);
  });
});
