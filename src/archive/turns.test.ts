import { describe, expect, it } from 'vitest';

import { Turns } from './turns.ts';

describe('turns', () => {
  it('are had by so many at a time, in the order they came', async () => {
    const turns = new Turns(2);
    const begun: number[] = [];
    const most = { now: 0, ever: 0 };
    await Promise.all(
      [1, 2, 3, 4, 5].map(async (number) => {
        await turns.take();
        begun.push(number);
        most.now += 1;
        most.ever = Math.max(most.ever, most.now);
        await new Promise((done) => setTimeout(done, 2));
        most.now -= 1;
        turns.giveBack();
      }),
    );
    expect(begun).toEqual([1, 2, 3, 4, 5]);
    expect(most.ever).toBe(2);
  });
});
