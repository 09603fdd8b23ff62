import { describe, expect, it } from 'vitest';

import { ALIASES, findCommand, PROGRAM } from './program.ts';

describe('the table of commands', () => {
  it.each(PROGRAM.map((entry) => [entry.path.join(' '), entry] as const))(
    'loads %s under its own name',
    async (_name, entry) => {
      const command = await entry.load();
      expect(command.path).toEqual(entry.path);
      expect(command.summary).not.toMatch(/[.\n]$|\n/);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const example of command.examples) expect(example.line).toContain(`walkback ${command.path.join(' ')}`);
    },
  );

  it('holds no command twice', () => {
    const names = PROGRAM.map((entry) => entry.path.join(' '));
    expect(new Set(names).size).toBe(names.length);
  });

  it.each([...ALIASES])("knows WAL-G's spelling %s", (alias, path) => {
    expect(findCommand([alias, 'x'])).toMatchObject({ kind: 'command', entry: { path }, rest: ['x'] });
  });
});
