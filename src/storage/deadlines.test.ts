import { describe, expect, it } from 'vitest';

import { backoffMs } from './backoff.ts';
import { within } from './deadlines.ts';

describe('a deadline', () => {
  it('gives the answer that comes in time, and the error too', async () => {
    expect(await within(1_000, 'read x', Promise.resolve(7))).toBe(7);
    await expect(within(1_000, 'read x', Promise.reject(new Error('no')))).rejects.toThrow('no');
  });

  it('ends waiting for work that never ends', async () => {
    await expect(within(20, 'read /srv/x', new Promise(() => {}))).rejects.toMatchObject({
      kind: 'unavailable',
      message: 'cannot read /srv/x: it was not done within 0.02 s',
    });
  });
});

describe('the pause before another attempt', () => {
  it('is anything up to a limit that doubles, to ten seconds', () => {
    expect([1, 2, 3, 20].map((attempt) => backoffMs(attempt, 1))).toEqual([100, 200, 400, 10_000]);
    expect([1, 2, 3, 20].map((attempt) => backoffMs(attempt, 0))).toEqual([0, 0, 0, 0]);
  });
});
