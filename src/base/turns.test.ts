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

  it('are not waited for by who has given up, and go to the next one then', async () => {
    const turns = new Turns(1);
    await turns.take();
    const giveUp = new AbortController();
    const waiting = turns.take(giveUp.signal);
    const next = turns.take();
    giveUp.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    turns.giveBack();
    await expect(next).resolves.toBeUndefined();
    await expect(turns.take(giveUp.signal)).rejects.toThrow('enough');
  });
});
