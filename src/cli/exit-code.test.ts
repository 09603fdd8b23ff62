import { describe, expect, it } from 'vitest';

import { EXIT_CODES, exitCode, type Ending } from './exit-code.ts';

const ENDINGS = Object.keys(EXIT_CODES).filter((name): name is Ending => name in EXIT_CODES);

describe('the exit code of a failure', () => {
  it.each(ENDINGS)('stops a server in archive recovery: %s is above 125, below 256, and not 143', (ending) => {
    const code = exitCode(ending, 'restore_command');
    expect(code).toBeGreaterThan(125);
    expect(code).toBeLessThan(256);
    expect(code).not.toBe(143);
  });

  it.each(ENDINGS)('lets a replica go on, and the archiver count it: %s is 1 to 125', (ending) => {
    for (const listener of ['restore_command of a replica', 'archive_command'] as const) {
      expect(exitCode(ending, listener)).toBeGreaterThan(0);
      expect(exitCode(ending, listener)).toBeLessThan(126);
    }
  });

  it('is a number of its own for each kind, for an operator', () => {
    expect(new Set(Object.values(EXIT_CODES)).size).toBe(ENDINGS.length);
    expect(exitCode('interrupted', 'operator')).toBe(130);
  });

  it('is "act now" for monitoring, so that not being able to look is not healthy', () => {
    expect(ENDINGS.map((ending) => exitCode(ending, 'monitoring'))).toEqual(
      ENDINGS.map((ending) => (ending === 'usage' ? 64 : 2)),
    );
  });
});
