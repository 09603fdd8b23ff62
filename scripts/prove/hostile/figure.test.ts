import { describe, expect, it } from 'vitest';

import { hostileFigure } from './figure.ts';

describe('the figure of hostile inputs', () => {
  it('begins with what must be 0', () => {
    const counts = { refused: 455_307, same: 14_319, different: 30_374, wrong: 3, outside: 2 };
    const memory = { grownMib: 11.6 };
    const totals = { tried: 500_003, crashes: 1, hangs: 4, counts, memory, kinds: ['zstd', 'tar parts'] };
    expect(hostileFigure(totals)).toBe(
      'crashes 1, writes outside the target 2, hangs 4, wrong 3, memory grew by 12 MiB; 500003 inputs: 455307 refused, 14319 as they were, 30374 something else where the format has no checksum; zstd, tar parts',
    );
  });
});
