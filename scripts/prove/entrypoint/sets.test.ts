import { describe, expect, it } from 'vitest';

import { readSets } from './read-sets.ts';
import { trySet } from './try-set.ts';

const SETS = readSets();

describe('an environment', () => {
  it.each(SETS)('becomes what it means, or is refused for what is wrong in it: $name', (set) => {
    expect(trySet(set)).toEqual([]);
  });

  it('is tried in sixty sets at least, each with a name of its own', () => {
    expect(SETS.length).toBeGreaterThanOrEqual(60);
    expect(new Set(SETS.map(({ name }) => name)).size).toBe(SETS.length);
  });
});

describe('a set', () => {
  it('is told to differ when one value of the configuration, a variable or a message does', () => {
    const [set] = SETS;
    const plan = set?.expected;
    if (set === undefined || plan?.kind !== 'plan') throw new TypeError('the first set is a plan');
    expect(trySet({ ...set, expected: { ...plan, warnings: ['x'] } })).toEqual([expect.stringContaining('warnings')]);
    const other = { ...set, environment: { ...set.environment, PGPORT: '5434' } };
    expect(trySet(other)).toEqual(
      expect.arrayContaining([expect.stringContaining('postgresql.listen'), expect.stringContaining('PGPORT')]),
    );
    const refused = { kind: 'refused', refusals: [{ message: 'm', remedy: 'r' }] } as const;
    expect(trySet({ ...set, expected: refused })).toEqual(['not refused: m']);
  });
});
